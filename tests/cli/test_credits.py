"""The balance: asked for by itself, and before and after a run."""

from __future__ import annotations

import json
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest
from cli.commands import Sorapipe
from studio import Studio

from sorapipe.cli import balance
from sorapipe.engine.outcome import Balance, Outcome

FILM = "sorapipe: 1\nshots: [{id: a, prompt: x}, {id: b, prompt: y}]\n"


def test_the_balance_is_data_on_standard_output(film: Path, sorapipe: Sorapipe) -> None:
    result = sorapipe("credits")
    assert (result.out, result.err) == ("100,000 credits at simulator\n", "")
    assert json.loads(sorapipe("credits", "--json").out) == {
        "provider": "simulator", "account": None, "balance": "100000"
    }  # fmt: skip


def test_the_provider_is_chosen_as_for_a_run(here: Path, sorapipe: Sorapipe, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sorapipe("credits").out.endswith(" at simulator\n")
    (here / "film.yaml").write_text(f"{FILM}provider: simulator-jobs\n")
    assert sorapipe("credits").out.endswith(" at simulator-jobs\n")
    assert sorapipe("credits", "film.yaml").out.endswith(" at simulator-jobs\n")
    monkeypatch.setenv("SORAPIPE_PROVIDER", "simulator")
    assert sorapipe("credits", "film.yaml").out.endswith(" at simulator\n")
    assert sorapipe("credits", "--provider", "simulator-jobs").out.endswith(" at simulator-jobs\n")


def test_a_provider_that_tells_none_is_no_error(film: Path, sorapipe: Sorapipe) -> None:
    result = sorapipe("credits", "--provider", "simulator-videos")
    assert (result.out, result.err) == ("", "simulator-videos tells no balance\n")
    assert json.loads(sorapipe("credits", "--provider", "simulator-videos", "--json").out)["balance"] is None


def test_first_tries_get_an_answer(film: Path, sorapipe: Sorapipe) -> None:
    assert "`sorapipe credits --provider kie`" in sorapipe("credits", "kie", code=2).err
    assert "`KIE_API_KEY` is not set" in sorapipe("credits", "--provider", "kie", code=6).err
    assert "called `credits`" in sorapipe("balance", code=2).err


def test_nobody_there_is_10(film: Path, sorapipe: Sorapipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SORAPIPE_CONFIG_DIR", str(tmp_path))
    (tmp_path / "providers").mkdir()
    profile = "extends: simulator\nembedded: false\nbase_url: http://127.0.0.1:1\n"
    (tmp_path / "providers" / "house.yaml").write_text(profile)
    assert "`house` does not answer" in sorapipe("credits", "--provider", "house", code=10).err


# In a run.


def test_a_run_says_the_balance_and_what_was_really_spent(studio: Studio) -> None:
    studio.write("storyboard.yaml", FILM)
    assert "balance 99,980 credits (was 100,000): 20 spent, as estimated\n" in studio.run("run").out
    assert "balance" not in studio.run("run").out
    last = json.loads(studio.run("roll", "a", "--json").out.splitlines()[-1])
    assert last["balance"] == {"before": "99980", "after": "99970", "fell": "10"}
    last = json.loads(studio.run("roll", "a", "--json", "--provider", "simulator-videos").out.splitlines()[-1])
    assert last["balance"] is None


class Teller:
    """A provider that knows a balance and nothing else."""

    def __init__(self, *told: Decimal | None, wait: threading.Event | None = None) -> None:
        self.told = list(told)
        self.wait = wait

    def credits(self) -> Decimal | None:
        if self.wait is not None:
            self.wait.wait(30)
        return self.told.pop(0)


def ended(code: int = 0, sent: int = 1) -> Outcome:
    return Outcome(code, (), (), (), Decimal(10), sent, 0, None)


def test_both_balances_go_with_the_outcome() -> None:
    teller = Teller(Decimal(90))
    assert balance.with_balance(ended(), Decimal(100), teller).balance == Balance(Decimal(100), Decimal(90))  # type: ignore[arg-type]


def test_nobody_is_asked_again_where_nothing_was_sent_or_a_person_ended_the_run() -> None:
    teller = Teller(Decimal(90))
    assert balance.with_balance(ended(sent=0), Decimal(100), teller).balance is None  # type: ignore[arg-type]
    assert balance.with_balance(ended(), None, teller).balance is None  # type: ignore[arg-type]
    assert balance.with_balance(ended(code=130), Decimal(100), teller).balance == Balance(Decimal(100), None)  # type: ignore[arg-type]
    assert teller.told == [Decimal(90)]


def test_a_slow_balance_delays_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balance, "PATIENCE", 0.05)
    never = threading.Event()
    began = time.monotonic()
    assert balance.told(Teller(Decimal(1), wait=never)) is None  # type: ignore[arg-type]
    assert time.monotonic() - began < 5
    never.set()
