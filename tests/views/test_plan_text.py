"""A plan reads well: one line a take, the same things folded, what a person must do named."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from views.plans import plan, shot, step, storyboard

from sorapipe.planning.plan_types import CHANGED, Action, Gone, Reason, Staleness, Upload
from sorapipe.storyboard.model import Address, Scene
from sorapipe.storyboard.source import Asset
from sorapipe.views.page import Page
from sorapipe.views.plan_data import plan_data
from sorapipe.views.plan_view import plan_text
from sorapipe.views.words import amount_of_bytes, length, money, number, wait


def test_a_small_plan_in_full() -> None:
    board = storyboard(
        shot("cliff", "shore"), shot("boat", "shore"), shot("lamp", "tower"),
        scenes=(Scene("shore", "Dawn", (Address("cliff"), Address("boat"))), Scene("tower", None, (Address("lamp"),))),
    )  # fmt: skip
    one = plan(
        step("@tom", reason=Reason("new", "made for its first use")),
        step("cliff"),
        step("boat", Action.KEEP, reason=Reason("keep", "nothing to do")),
        step("lamp", Action.WAIT, reason=Reason("pick", "pick a take of stairs", "sorapipe pick stairs N")),
    )
    assert plan_text(one, board, Page(" skerry.yaml")) == (
        "A film\n"
        "\n"
        "characters\n"
        "  + render    @tom       10 credits  made for its first use\n"
        "\n"
        "shore · Dawn\n"
        "  + render    cliff t01  10 credits  not rendered yet\n"
        "  = keep      1 take of 1 shot\n"
        "\n"
        "tower\n"
        "  . wait      lamp t01               pick a take of stairs\n"
        "              sorapipe pick skerry.yaml stairs N\n"
        "\n"
        "kept as it is: 1 take of 1 shot (`--all` lists them)\n"
        "\n"
        "3 shots, 4 takes, 0:30 of film\n"
        "1 clip and 1 character from house, about 3 minutes, 20 credits\n"
        "\n"
        "to do this: sorapipe run skerry.yaml\n"
    )


def test_a_plan_that_is_carried_out_does_not_say_how_that_is_done() -> None:
    text = plan_text(plan(step("a")), storyboard(shot("a")), Page(), going=True)
    assert "to do this" not in text
    assert "1 clip from house" in text


def test_commands_keep_the_storyboard_and_the_provider() -> None:
    page = Page(" tram.yaml", options=" --provider house")
    assert page.command("sorapipe run --cascade a") == "sorapipe run tram.yaml --cascade a --provider house"
    assert page.command("sorapipe pick a 2") == "sorapipe pick tram.yaml a 2"
    assert Page().command("sorapipe run") == "sorapipe run"


def test_many_equal_takes_are_folded_by_scene() -> None:
    board = storyboard(*(shot(f"s{n:03d}") for n in range(300)))
    one = plan(*(step(f"s{n:03d}") for n in range(300)))
    text = plan_text(one, board, Page())
    assert "… and 297 more like these, to s299 t01  2,970 credits" in text
    assert len(text.splitlines()) < 12
    assert len(plan_text(one, board, Page(every=True)).splitlines()) > 300


def test_a_stale_take_is_shown_with_what_it_would_cost() -> None:
    kept = step("boat", Action.KEEP, stale=Staleness.CASCADE, reason=Reason("cascade", "another take is picked"))
    text = plan_text(plan(kept), storyboard(shot("boat")), Page())
    assert "(10 credits)  another take is picked" in text
    assert "1 take out of date, kept as it is (10 credits): `--cascade` buys it" in text
    assert "nothing to do" in text


def test_an_unknown_price_is_said() -> None:
    assert "price unknown" in plan_text(plan(step("a", price=None)), storyboard(shot("a")), Page())


@pytest.mark.parametrize("width", [60, 80, 140])
def test_a_long_reason_is_wrapped_under_itself(width: int) -> None:
    reason = Reason("new", "the prompt was edited and the style is another one and much more was said about it")
    text = plan_text(plan(step("a", reason=reason)), storyboard(shot("a")), Page(width=width))
    assert all(len(line) <= width for line in text.splitlines())


def test_the_data_keep_every_digit() -> None:
    data = plan_data(plan(step("a", price="0.10"), currency="USD"), storyboard(shot("a")))
    assert data["totals"]["cost"] == "0.10"  # type: ignore[index]
    assert data["steps"][0]["price"] == "0.10"  # type: ignore[index]


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0.15", "0.15 USD"), ("7.5", "7.50 USD"), ("1200", "1,200 USD"), ("1E+3", "1,000 USD"), ("0", "free")],
)
def test_money_is_written_as_people_do(amount: str, text: str) -> None:
    assert money(Decimal(amount), "USD") == text


def test_numbers_and_times() -> None:
    assert number(Decimal("0.005")) == "0.005"
    assert (length(8), length(170), length(3723)) == ("0:08", "2:50", "1:02:03")
    assert (wait(0.5), wait(1), wait(240)) == ("under a minute", "about 1 minute", "about 4 hours")
    assert (amount_of_bytes(812), amount_of_bytes(1_250_000)) == ("812 bytes", "1.2 MB")


def test_takes_of_gone_shots_and_changed_files_and_waiting_takes_are_told_of() -> None:
    changed = Reason(CHANGED, "the file was changed: 7 bytes, not 1,000")
    shown = plan(step("boat", Action.KEEP, reason=changed), step("cat", Action.WAIT))
    gone = (Gone("a[lang=de]", "a/de", 2, Decimal(20), "credits"), Gone("b", "b", 1, Decimal(0), None))
    waits = replace(shown.totals, waiting=1, waiting_cost=Decimal(10))
    text = plan_text(replace(shown, gone=gone, totals=waits), storyboard(shot("boat"), shot("cat")), Page())
    assert "the file was changed: 7 bytes, not 1,000" in text
    assert (
        "gone from the storyboard: a/de (2 takes, 20 credits), b (1 take); "
        'renamed? `moved: [{from: "a[lang=de]", to: NEW}]`\n'
    ) in text
    assert "\n1 more take waits (10 credits)\n" in text


def test_files_that_leave_are_named_with_what_of_them_is_sent() -> None:
    clip = Asset("renders/film/den_t01.mp4", "1", 2_400_000, "video/mp4")
    uploads = (
        Upload(Asset("refs/harbour.png", "2", 40_000, "image/png"), ("harbour",)),
        Upload(replace(clip, path="fox.mp4"), ("@fox",), (Decimal("1"), Decimal("2.5"))),
        Upload(clip, ("@gull",), (Decimal(0), Decimal(4)), "den"),
        Upload(None, ("@owl",), (Decimal(2), Decimal(4)), "barn"),
    )
    shown = replace(plan(step("harbour")), uploads=uploads)
    text = plan_text(shown, storyboard(shot("harbour")), Page())
    assert (
        "files that leave this machine\n"
        "  ^ refs/harbour.png          40.0 kB, image/png, for harbour\n"
        "  ^ fox.mp4                   2.4 MB, video/mp4; 1 to 2.5 s of it, cut, for @fox\n"
        "  ^ renders/film/den_t01.mp4  2.4 MB, video/mp4; the first 4 s of it, cut, for @gull\n"
        "  ^ the clip of barn          made by then, video/mp4; 2 to 4 s of it, cut, for @owl\n"
    ) in text
    data = plan_data(shown, storyboard(shot("harbour")))["uploads"]
    assert isinstance(data, list)
    assert [(one["path"], one["part"], one["shot"]) for one in data] == [
        ("refs/harbour.png", None, None),
        ("fox.mp4", ["1", "2.5"], None),
        ("renders/film/den_t01.mp4", ["0", "4"], "den"),
        (None, ["2", "4"], "barn"),
    ]
