"""What is wrong in the books: double charges, orphans, lost credits; knows no HTTP and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from sorapipe.simulator.ledger import Books, Page

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Audit:
    """The findings. `double_*` are lists of groups of charges; `orphans` are tasks that nobody ever asked about.

    The same body twice is a double charge where the token in it is the same, and where there is no token and an earlier
    answer didn't arrive as it should (cut, lost, a fault): that is how somebody looks who sends blindly again. Where
    every answer arrived, two takes of one shot look just so in a dialect without tokens: `same_bodies` only lists them.
    """

    double_by_token: list[Row]
    double_by_body: list[Row]
    same_bodies: list[Row]
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
            "same_bodies": self.same_bodies,
            "orphans": self.orphans,
            "never_downloaded": self.never_downloaded,
            "conserved": self.conserved,
            "accounts": self.accounts,
        }


def audit(books: Books) -> Audit:
    """Looks through the books."""
    with books.reading() as page:
        by_body = _groups(page, "body")
        again = [group for group in by_body if _looks_sent_again(group)]
        return Audit(
            double_by_token=[_row("token", group) for group in _groups(page, "token")],
            double_by_body=[_row("body", group) for group in again],
            same_bodies=[_row("body", group) for group in by_body if group not in again],
            orphans=page.rows("SELECT task, token, created, credits FROM tasks WHERE polled IS NULL ORDER BY number"),
            never_downloaded=page.rows(
                "SELECT task, token, created, credits FROM tasks WHERE downloaded IS NULL AND fail_code IS NULL"
                " AND NOT (json_extract(wish, '$.character_create') AND (json_extract(wish, '$.character_url')"
                " IS NOT NULL OR json_extract(wish, '$.character_from_task') IS NOT NULL)) ORDER BY number"
            ),
            accounts=_accounts(page),
        )


def _groups(page: Page, column: str) -> list[list[Row]]:
    """Charges of one account with the same token or body, two or more, in the order in which they were booked."""
    groups: dict[tuple[object, object], list[Row]] = {}
    found = page.rows(
        "SELECT account, token, body, task, -credits AS credits, sent, fault FROM ledger"  # noqa: S608 (a column's name of ours)
        f" WHERE kind = 'charge' AND {column} IS NOT NULL ORDER BY entry"
    )
    for row in found:
        groups.setdefault((row["account"], row[column]), []).append(row)
    return [group for group in groups.values() if len(group) > 1]


def _looks_sent_again(group: list[Row]) -> bool:
    tokens = [row["token"] for row in group if row["token"] is not None]
    if len(set(tokens)) < len(tokens):
        return True
    return any(row["token"] is None and (row["sent"] != 1.0 or row["fault"]) for row in group[:-1])


def _row(column: str, group: list[Row]) -> Row:
    return {
        column: group[0][column],
        "charges": len(group),
        "credits": sum(int(str(row["credits"])) for row in group),
        "tasks": [row["task"] for row in group],
    }


def _accounts(page: Page) -> list[Row]:
    """Each balance must be the one before it plus the line's own credits, and charges must match the tasks.

    A task that is paid for at its create must have been; a refund gives back what was paid, not more.
    """
    found = page.rows(
        "SELECT account, sum(CASE kind WHEN 'bought' THEN credits ELSE 0 END) AS bought,"
        " sum(CASE kind WHEN 'charge' THEN -credits ELSE 0 END) AS charged,"
        " sum(CASE kind WHEN 'refund' THEN credits ELSE 0 END) AS refunded, sum(credits) AS expected,"
        " (SELECT balance FROM ledger AS last WHERE last.account = ledger.account ORDER BY entry DESC LIMIT 1)"
        " AS balance,"
        " (SELECT coalesce(sum(credits), 0) FROM tasks WHERE tasks.account = ledger.account AND (charge = 'accept'"
        " OR EXISTS (SELECT 1 FROM ledger AS paid WHERE paid.task = tasks.task AND paid.kind = 'charge'))) AS tasks"
        " FROM ledger WHERE account IN (SELECT account FROM accounts) GROUP BY account ORDER BY account"
    )
    steps = page.rows(
        "SELECT account, entry FROM (SELECT account, entry, balance - credits AS before,"
        " coalesce(lag(balance) OVER (PARTITION BY account ORDER BY entry), 0) AS last FROM ledger)"
        " WHERE before <> last UNION SELECT account, entry FROM ledger AS back WHERE kind = 'refund' AND NOT EXISTS"
        " (SELECT 1 FROM ledger AS paid WHERE paid.task = back.task AND paid.kind = 'charge'"
        " AND paid.credits = -back.credits AND paid.account = back.account AND paid.entry < back.entry)"
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
