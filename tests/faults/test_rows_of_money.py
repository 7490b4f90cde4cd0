"""Limits of money where something went wrong before: what is uncertain counts, whatever verb wants to buy more."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from hashlib import sha256
from typing import Any

import pytest
from campaign.fault_play import BOARD, Film, scripted
from faults.rows import RUN, Begin, charges, fault, states


def board(budget: str) -> str:
    return BOARD.replace("provider: house\n", f"provider: house\nbudget: {{{budget}}}\n")


def test_a_budget_holds_for_what_is_sent_again_and_for_more_takes(begin: Begin) -> None:
    film = begin(fault("create", "answer-lost", nth=1), board=board("max_cost: 15"))
    assert film.run("run", "film.yaml", "gull", "--yes").code == 9
    scripted(film.server, ())
    for words in (("resubmit", "film.yaml", "gull"), ("roll", "film.yaml", "tide"), ("run", "film.yaml", "moor")):
        refused = film.run(*words, "--yes")
        assert refused.code == 7, words
        assert "10 are spent: 5 is left" in refused.err
        assert "nothing was sent" in refused.err
        assert film.run(*words, "--yes", "--max-cost", "100").code == 7, "no option lifts what the storyboard says"
    assert charges(film) == ["gull"]
    assert states(film) == {"gull": "uncertain"}
    (film.folder / "film.yaml").write_text(board("max_cost: 20"))
    assert film.run("resubmit", "film.yaml", "gull", "--yes").code == 0
    assert charges(film) == ["gull", "gull"]
    assert "budget: 20 of 20 credits spent, 0 left" in film.run("status", "film.yaml", "--cost").out


@pytest.mark.parametrize("option", [("--max-cost", "20"), ("--max-takes", "2")], ids=["money", "takes"])
def test_partial_renders_what_fits_and_the_rest_stays(begin: Begin, option: tuple[str, str]) -> None:
    film = begin()
    assert film.run("run", "film.yaml", "--yes", *option).code == 7
    assert charges(film) == []
    ended = film.run("run", "film.yaml", "--yes", *option, "--partial")
    assert ended.code == 7
    assert charges(film) == ["gull", "tide"], "in the order of the film"
    assert set(states(film).values()) == {"done"}
    assert film.run(*RUN).code == 0
    assert len(charges(film)) == 4


def test_a_budget_of_takes_counts_what_is_uncertain(begin: Begin) -> None:
    film = begin(fault("create", "answer-lost", nth=1), board=board("max_takes: 1"))
    assert film.run("run", "film.yaml", "gull", "--yes").code == 9
    scripted(film.server, ())
    refused = film.run("run", "film.yaml", "tide", "--yes")
    assert refused.code == 7
    assert "`budget.max_takes` is 1, 1 are made: 0 left" in refused.err
    assert charges(film) == ["gull"]


def test_a_limit_that_is_reached_while_it_runs_stops_creating_and_collects_what_is_paid(begin: Begin) -> None:
    """The price list says 4, the provider takes 10."""
    text = BOARD.replace("  - id: moor", "    needs: [gull]\n  - id: moor")
    film = begin(board=text.replace("needs: [gull]\n  - id: dive", "needs: [tide]\n  - id: dive"))
    with (film.root / "config/providers/house.yaml").open("a") as profile:
        profile.write('models: {sora-2: {price: {amount: "4", per: clip}}}\n')
    ended = film.run("run", "film.yaml", "gull", "tide", "--yes", "--max-cost", "12")
    assert ended.code == 7
    assert "ended early: the limit is reached: 2 is left and tide costs 4" in ended.out
    assert charges(film) == ["gull"]
    assert states(film) == {"gull": "done"}


LEDGER = "SELECT -sum(credits) FROM ledger WHERE account = ? AND kind IN ('charge', 'refund')"


def paid(film: Film) -> int:
    account = "key-" + sha256(film.key.encode()).hexdigest()[:12]
    with closing(sqlite3.connect(f"file:{film.server.folder / 'books.sqlite'}?mode=ro", uri=True)) as books:
        return int(books.execute(LEDGER, (account,)).fetchone()[0] or 0)


@pytest.mark.parametrize(
    ("rules", "code", "uncertain"),
    [
        ((), 0, 0),
        ((fault("create", {"fails": "no"}, prompt="tide"),), 8, 0),
        ((fault("create", "answer-lost", prompt="Mist"),), 9, 10),
        ((fault("create", {"status": 422}, prompt="tide"), fault("create", "accepted-500", prompt="gull")), 9, 10),
        ((fault("file", {"other-duration": 4}, prompt="gull"),), 12, 0),
    ],
    ids=["well", "fails", "lost", "refused-and-lost", "suspect"],
)
def test_status_cost_is_what_the_ledger_says(
    begin: Begin, rules: tuple[dict[str, Any], ...], code: int, uncertain: int
) -> None:
    film = begin(*rules)
    assert film.run(*RUN).code == code
    data = json.loads(film.run("status", "film.yaml", "--cost", "--json").out)
    (account,) = data["accounts"]
    assert int(account["total"]["uncertain"]) == uncertain
    assert int(account["total"]["paid"]) + uncertain == paid(film) == int(data["spent"])
