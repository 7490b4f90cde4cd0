"""What is wrong in the books: double charges, orphans, lost credits; knows no HTTP and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from sorapipe.simulator.ledger import Books, Page

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Audit:
    """The findings. `double_*` are lists of groups of charges; `orphans` are tasks that nobody ever asked about."""

    double_by_token: list[Row]
    double_by_body: list[Row]
    orphans: list[Row]
    never_downloaded: list[Row]
    accounts: list[Row]

    @property
    def conserved(self) -> bool:
        """Whether each account's credits add up, line by line."""
        return all(account["conserved"] for account in self.accounts)

    @property
    def clean(self) -> bool:
        """Whether nothing was paid twice, nothing was forgotten and no credit was lost."""
        return self.conserved and not (self.double_by_token or self.double_by_body or self.orphans)

    def as_json(self) -> Row:
        """The findings as data."""
        return {
            "clean": self.clean,
            "double_charges_by_token": self.double_by_token,
            "double_charges_by_body": self.double_by_body,
            "orphans": self.orphans,
            "never_downloaded": self.never_downloaded,
            "conserved": self.conserved,
            "accounts": self.accounts,
        }


def audit(books: Books) -> Audit:
    """Looks through the books."""
    with books.reading() as page:
        return Audit(
            double_by_token=_doubles(page, "token"),
            double_by_body=_doubles(page, "body"),
            orphans=page.rows("SELECT task, token, created, credits FROM tasks WHERE polled IS NULL ORDER BY number"),
            never_downloaded=page.rows(
                "SELECT task, token, created, credits FROM tasks WHERE downloaded IS NULL AND fail_code IS NULL"
                " AND NOT (json_extract(wish, '$.character_create') AND (json_extract(wish, '$.character_url')"
                " IS NOT NULL OR json_extract(wish, '$.character_from_task') IS NOT NULL)) ORDER BY number"
            ),
            accounts=_accounts(page),
        )


def _doubles(page: Page, column: str) -> list[Row]:
    """Groups of charges with the same token or body, in the order in which they were booked."""
    groups: dict[tuple[str, str], list[tuple[str, int]]] = {}
    found = page.run(
        f"SELECT account, {column}, task, -credits FROM ledger WHERE kind = 'charge' AND {column} IS NOT NULL"  # noqa: S608 (a column's name of ours)
        " ORDER BY entry"
    )
    for account, value, task, credits in found:
        groups.setdefault((account, value), []).append((task, credits))
    return [
        {
            column: value,
            "charges": len(group),
            "credits": sum(credits for _, credits in group),
            "tasks": [task for task, _ in group],
        }
        for (_, value), group in groups.items()
        if len(group) > 1
    ]


def _accounts(page: Page) -> list[Row]:
    """Each balance must be the one before it plus the line's own credits, and charges must match the tasks."""
    found = page.rows(
        "SELECT account, sum(CASE kind WHEN 'bought' THEN credits ELSE 0 END) AS bought,"
        " sum(CASE kind WHEN 'charge' THEN -credits ELSE 0 END) AS charged,"
        " sum(CASE kind WHEN 'refund' THEN credits ELSE 0 END) AS refunded, sum(credits) AS expected,"
        " (SELECT balance FROM ledger AS last WHERE last.account = ledger.account ORDER BY entry DESC LIMIT 1)"
        " AS balance,"
        " (SELECT coalesce(sum(credits), 0) FROM tasks WHERE tasks.account = ledger.account) AS tasks"
        " FROM ledger WHERE account IN (SELECT account FROM accounts) GROUP BY account ORDER BY account"
    )
    steps = page.rows(
        "SELECT account, entry FROM (SELECT account, entry, balance - credits AS before,"
        " coalesce(lag(balance) OVER (PARTITION BY account ORDER BY entry), 0) AS last FROM ledger)"
        " WHERE before <> last"
    )
    broken = {row["account"] for row in steps}
    return [
        {
            **row,
            "conserved": row["expected"] == row["balance"]
            and row["charged"] == row["tasks"]
            and row["account"] not in broken,
        }
        for row in found
    ]
