"""Limits of money and of takes, and where the money went: by the real command line, against the simulator's books."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest
from studio import Studio

THREE = """\
sorapipe: 1
{budget}
shots:
  - id: cliff
    prompt: A gull over the cliff.
  - id: boat
    prompt: A boat crosses grey water.
  - id: landing
    continues: boat
    prompt: A man steps out of the boat.
"""
CAST = """\
sorapipe: 1
budget: {max_cost: 15}
characters:
  tom: {name: Old Tom, url: "https://example.org/tom.mp4", timestamps: [1, 3]}
shots:
  - id: oars
    prompt: "@tom rows."
  - id: cliff
    prompt: A gull over the cliff.
"""
SCENES = """\
sorapipe: 1
characters:
  tom: {name: Old Tom, url: "https://example.org/tom.mp4", timestamps: [1, 3]}
scenes:
  - id: shore
    shots:
      - id: oars
        prompt: "@tom rows."
      - id: cliff
        prompt: "[moderated] A gull over the cliff."
  - id: tower
    shots:
      - id: stairs
        takes: 2
        seconds: 15
        prompt: He climbs the stairs.
      - id: lost
        prompt: Nobody hears of it.
"""
LOST = """\
rules:
  - call: create
    when: {prompt: Nobody hears}
    what: answer-lost
"""


def film(studio: Studio, budget: str = "") -> None:
    studio.write("storyboard.yaml", THREE.format(budget=budget))


def profile(name: str, text: str) -> None:
    """A profile of one's own that is the simulator, but for this."""
    folder = Path(os.environ["SORAPIPE_CONFIG_DIR"]) / "providers"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_text(f"extends: simulator\nabout: for tests\n{text}")


def net(studio: Studio, *kinds: str) -> Decimal:
    """What left the account and did not come back."""
    entries = [entry for kind in kinds or ("charge", "refund") for entry in studio.ledger(kind)]
    return Decimal(-sum(int(str(entry["credits"])) for entry in entries))


def costs(studio: Studio, *words: str) -> dict[str, Decimal]:
    """The sums of `status --cost`, which agree with each other."""
    data = studio.run("status", "--cost", "--json", *words).data
    (account,) = data["accounts"]  # type: ignore[misc]
    sums = {name: Decimal(amount) for name, amount in account["total"].items()}  # type: ignore[attr-defined]
    assert sums["paid"] == sums["in_film"] + sums["running"] + sums["failed"] + sums["wasted"]
    for name, amount in sums.items():
        assert amount == sum(Decimal(group[name]) for group in account["groups"])  # type: ignore[attr-defined]
    assert Decimal(str(data["spent"])) == sums["paid"] + sums["uncertain"]
    return sums


@pytest.mark.parametrize(
    ("money", "kept"),
    [
        ("--charge accept --refunds full", 0),
        ("--charge accept --refunds none", 10),
        ("--charge start --refunds late", 10),
        ("--charge success", 0),
    ],
)
def test_what_is_shown_is_what_the_books_say(studio: Studio, money: str, kept: int) -> None:
    studio.write("lost.yaml", LOST)
    studio.write("storyboard.yaml", SCENES)
    studio.simulator = f"--latency 0.05 --clips canned {money} --faults {studio.folder / 'lost.yaml'}"
    studio.run("run", "storyboard.yaml", "oars", "cliff", "stairs", code=8)
    studio.run("run", "storyboard.yaml", "lost", code=9)
    sums = costs(studio, "storyboard.yaml")
    told = net(studio)
    assert {name: int(amount) for name, amount in sums.items()} == {
        "attempts": 6, "unpriced": 0, "estimated": 70, "paid": 50 + kept, "in_film": 35, "running": 0, "failed": kept,
        "wasted": 15, "uncertain": 10,
    }  # fmt: skip
    if "success" not in money:  # nobody asks for the lost one, so its clip is never made
        # What is charged when it starts may not have been when the simulator ended: nobody asks about the lost one.
        unbooked = {0, 10} if "start" in money else {0}
        assert sums["paid"] + sums["uncertain"] - told in unbooked
    page = studio.run("status", "--cost", "storyboard.yaml").out
    assert "perhaps paid" in page
    assert len({len(line) for line in page.splitlines() if line.startswith(("in all", "tower"))}) == 1


def test_two_runs_keep_one_budget_and_a_plan_above_it_sends_nothing(studio: Studio) -> None:
    film(studio, "budget: {max_cost: 25, currency: credits}")
    refused = studio.run("run", code=7)
    assert "25" in refused.err
    assert "`--partial` renders what fits: 2 takes for 20 credits" in refused.err
    assert not studio.ledger()
    studio.run("run", "cliff")
    again = studio.run("run", code=7)
    assert "10 are spent: 15 is left, and the plan costs 20 credits" in again.err
    assert "nothing was sent" in again.err
    assert len(studio.ledger()) == 1
    studio.run("run", "--partial", code=7)
    assert len(studio.ledger()) == 2
    assert "nothing was sent" in studio.run("run", "--partial", code=7).err
    assert len(studio.ledger()) == 2
    assert (studio.folder / "renders/storyboard/boat_t01.mp4").exists()
    assert "budget: 20 of 25 credits spent, 5 left" in studio.run("status", "--cost").out


def test_what_is_uncertain_counts_as_spent(studio: Studio) -> None:
    film(studio, "budget: {max_cost: 25}")
    studio.write("faults.yml", "rules:\n  - {call: create, when: {nth: 1}, what: answer-lost}\n")
    studio.simulator += f" --faults {studio.folder / 'faults.yml'}"
    studio.run("run", "storyboard.yaml", "cliff", code=9)
    assert "10 are spent: 15 is left" in studio.run("run", "storyboard.yaml", "boat", "landing", code=7).err
    assert len(studio.ledger()) == 1


@pytest.mark.parametrize(("refunds", "code", "charges"), [("full", 0, 3), ("none", 7, 1)])
def test_a_failed_attempt_counts_unless_it_was_given_back(
    studio: Studio, refunds: str, code: int, charges: int
) -> None:
    text = THREE.format(budget="budget: {max_cost: 25}").replace("A gull", "Moderated [moderated] gull")
    studio.write("storyboard.yaml", text)
    studio.simulator += f" --refunds {refunds}"
    studio.run("run", "cliff", code=8)
    studio.run("run", "boat", "landing", code=code)
    assert len(studio.ledger()) == charges


def test_a_cost_above_the_plan_counts_for_the_next_purchase(studio: Studio) -> None:
    profile("cheap", 'models: {sora-2: {price: {amount: "4", per: clip}}}\n')
    film(studio)
    done = studio.run("run", "--provider", "cheap", "boat", "landing", "--max-cost", "12", code=7)
    assert len(studio.ledger()) == 1
    assert "2 is left and landing costs 4" in done.out + done.err
    sums = costs(studio, "--provider", "cheap")
    assert (sums["estimated"], sums["paid"]) == (4, 10)


def test_credits_are_not_mistaken_for_money(studio: Studio) -> None:
    profile("dollars", 'currency: USD\nmodels: {sora-2: {price: {amount: "0.15", per: clip}}}\n')
    film(studio)
    studio.run("run", "--provider", "dollars", "boat", "landing", "--max-cost", "0.30")
    assert costs(studio, "--provider", "dollars")["paid"] == Decimal("0.30")


def test_takes_are_limited_by_the_run_and_by_the_storyboard(studio: Studio) -> None:
    film(studio, "budget: {max_takes: 2}")
    assert "`budget.max_takes` is 2, 0 are made: 2 left" in studio.run("run", code=7).err
    assert "`--max-takes` allows 1" in studio.run("run", "--max-takes", "1", code=7).err
    assert not studio.ledger()
    studio.run("run", "--max-takes", "1", "--partial", code=7)
    assert [path.name for path in (studio.folder / "renders/storyboard").iterdir()] == ["cliff_t01.mp4"]
    studio.run("run", "--partial", code=7)
    studio.run("run", "--partial", code=7)
    assert len(studio.ledger()) == 2


def test_a_limit_that_cannot_be_kept_refuses_the_run(studio: Studio) -> None:
    profile("priceless", "models: {sora-2: {price: []}}\n")
    film(studio)
    assert "names no price" in studio.run("run", "--provider", "priceless", "--max-cost", "100", code=7).err
    film(studio, "budget: {max_cost: 100, currency: USD}")
    assert "the budget is in USD and `simulator` counts in credits" in studio.run("run", code=7).err
    assert not studio.ledger()


def test_characters_count_and_none_is_made_for_a_shot_that_does_not_fit(studio: Studio) -> None:
    studio.write("storyboard.yaml", CAST)
    assert "the plan costs 30 credits" in studio.run("run", code=7).err
    studio.run("run", "--partial", code=7)
    assert [path.name for path in (studio.folder / "renders/storyboard").iterdir()] == ["cliff_t01.mp4"]
    assert len(studio.ledger()) == 1
