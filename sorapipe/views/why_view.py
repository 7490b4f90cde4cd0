"""Why clips are no longer their shots', as text and as data; knows not how that is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from sorapipe.planning.causes import Cause, Spot
from sorapipe.planning.explain import Explanation, Standing, Way
from sorapipe.storyboard.diagnostics import escape
from sorapipe.storyboard.model import Shot
from sorapipe.storyboard.source import Span
from sorapipe.views.page import Page
from sorapipe.views.plan_data import decimal
from sorapipe.views.wording import diff_data, diff_lines
from sorapipe.views.words import count, listing, money

MANY = 12
"""Up to so many shots each has a block of its own."""
_T = TypeVar("_T")


class _HasShot(Protocol):
    """What is told of a shot."""

    @property
    def shot(self) -> Shot: ...


_TEXT_FIELDS = {"negative_prompt": "negative prompt"}
_SAID = {
    Standing.EDIT: "is in the film and out of date: edited",
    Standing.CASCADE: "is in the film and out of date: a clip that it begins on is another one",
    Standing.MODEL: "is in the film and out of date only by its model",
}


def why_text(explanations: Sequence[Explanation], page: Page, currency: str, *, fold: bool = False) -> str:
    """Shot by shot: what changed, where, which takes that concerns, and what can be done. With `fold` shots for which
    the same places say the same are told together where there are many."""
    groups = [[one] for one in explanations]
    if fold and len(explanations) > MANY:
        groups = alike(explanations, lambda one: (one.standing, one.because, *causes_key(one.causes)))
    blocks = ["\n".join((*_block(group[0], page, currency), *others(group))) for group in groups]
    return "\n\n".join(blocks) + "\n" if blocks else ""


def why_data(explanations: Iterable[Explanation], currency: str) -> list[dict[str, object]]:
    """The same as data: `[{address, label, standing, film, picked, changes, concerns, current, accepted, frozen,
    missing, halts, coming, ways}]`."""
    return [
        {
            "address": one.address,
            "label": one.shot.label,
            "standing": one.standing.value,
            "film": one.film,
            "picked": one.picked,
            "changes": [cause_data(cause) for cause in one.causes],
            "concerns": list(one.concerns),
            "current": list(one.current),
            "accepted": escape(one.because) if one.because is not None else None,
            "frozen": one.frozen,
            "missing": one.missing,
            "halts": [
                {"code": it.code, "text": escape(it.text), "command": it.command, "instead": it.instead}
                for it in one.halts
            ],
            "coming": escape(one.coming) if one.coming else None,
            "ways": [_way_data(way, currency) for way in one.ways],
        }
        for one in explanations
    ]


def cause_lines(cause: Cause, page: Page, indent: int = 2) -> Iterator[str]:
    """One difference with its places, and what is behind it."""
    lead = " " * indent
    change = cause.change
    if cause.words:
        yield f"{lead}{_TEXT_FIELDS.get(change.field, change.field)}"
        for line in diff_lines(cause.words, max(page.width - indent - 2, 20), page.paint):
            yield f"{lead}  {line}"
        for spot in cause.spots:
            yield f"{lead}  {page.paint(_spot(spot, change.field), 'dim')}"
        return
    if change.field.startswith("@") and cause.inner:
        yield f"{lead}{change.field}"
        for inner in cause.inner:
            yield from cause_lines(inner, page, indent + 2)
        return
    note = f" ({escape(cause.note)})" if cause.note else ""
    spots = ", ".join(_spot(spot, change.field) for spot in cause.spots)
    places = f"  {page.paint(spots, 'dim')}" if spots else ""
    yield f"{lead}{escape(change.text)}{note}{places}"
    if cause.inner:
        yield f"{lead}  between the two:"
        for inner in cause.inner:
            yield from cause_lines(inner, page, indent + 4)


def cause_data(cause: Cause) -> dict[str, object]:
    """One difference as data; texts are whole."""
    change = cause.change
    return {
        "field": change.field,
        "text": escape(change.text),
        "old": escape(change.old, newlines=True) if change.old is not None else None,
        "new": escape(change.new, newlines=True) if change.new is not None else None,
        "words": diff_data(cause.words),
        "note": escape(cause.note) or None,
        "places": [
            {"what": escape(spot.what), "role": escape(spot.role) or None, "now": _place(spot.span),
             "then": _place(spot.then)}
            for spot in cause.spots
        ],
        "behind": [cause_data(inner) for inner in cause.inner],
    }  # fmt: skip


def alike(items: Sequence[_T], key: Callable[[_T], object]) -> list[list[_T]]:
    """The items in groups with one key, in the order of their first."""
    found: dict[object, list[_T]] = {}
    for one in items:
        found.setdefault(key(one), []).append(one)
    return list(found.values())


def causes_key(causes: Iterable[Cause]) -> Iterator[object]:
    """What makes differences the same for a reader: the fields, and the places that they come from."""
    for cause in causes:
        text = "" if cause.words else cause.change.text
        yield cause.change.field, text, cause.spots, tuple(causes_key(cause.inner))


def others(group: Sequence[_HasShot]) -> Iterator[str]:
    """A line for all but the first of a group."""
    if len(group) > 1:
        names = [escape(one.shot.label) for one in group[1:]]
        yield f"  the same in {count(len(names), 'other shot')}: {listing(names)}"


def _block(one: Explanation, page: Page, currency: str) -> Iterator[str]:
    yield f"{page.paint(escape(one.shot.label), 'bold')}: {_sentence(one)}"
    for cause in one.causes:
        yield from cause_lines(cause, page)
    if one.standing not in {Standing.NEW, Standing.FRESH} and {*one.concerns} - {one.film}:
        fresh = f"; up to date: {listing(list(one.current))}" if one.current else ""
        yield f"  takes out of date: {listing(list(one.concerns))}{fresh}"
    yield from ending(one, page, currency)


def ending(one: Explanation, page: Page, currency: str) -> Iterator[str]:
    """What comes, what stands in the way, and what can be done."""
    if one.coming:
        yield f"  {escape(one.coming)}"
    for reason in one.halts:
        yield f"  {escape(reason.text)}"
        for command in (reason.instead, reason.command):
            if command and command not in {way.command for way in one.ways}:
                yield f"      {page.paint(escape(page.command(command)), 'cyan')}"
    for way in one.ways:
        yield f"  {_what(way, one, currency)}"
        yield f"      {page.paint(escape(page.command(way.command)), 'cyan')}"


def _sentence(one: Explanation) -> str:
    film = f"{one.film}{' (picked)' if one.picked else ''}"
    if one.because is not None:
        said = f", accepted as it is: {escape(one.because)}" if one.because else ", accepted as it is"
        return f"{film} is in the film{said}"
    if one.standing is Standing.NEW:
        return "not rendered yet"
    if one.standing is Standing.FRESH:
        return f"nothing changed since {film} was rendered" + ("; its clip is not here" if one.missing else "")
    said = f"{film} {_SAID[one.standing]}"
    return f"{said}; frozen, so it stays" if one.frozen else said


def _what(way: Way, one: Explanation, currency: str) -> str:
    """What a command does and costs."""
    verb = way.command.split()[1]
    if verb == "accept":
        return "to keep it as it is, for nothing:"
    if verb == "pick":
        return "a take that is up to date is there; to put it into the film:"
    if not way.takes:
        return "paid for already; to bring it here:"
    things = [count(way.takes, "take")]
    things += [f"{count(way.parents, 'take')} that it needs"] if way.parents else []
    things += [count(way.characters, "character")] if way.characters else []
    again = "to render it" if one.standing is Standing.NEW else "to render it again"
    return f"{again} ({', '.join(things)}; {money(way.cost, currency)}):"


def _way_data(way: Way, currency: str) -> dict[str, object]:
    return {
        "command": way.command,
        "takes": way.takes,
        "parents": way.parents,
        "characters": way.characters,
        "cost": decimal(way.cost),
        "currency": currency,
    }


def _spot(spot: Spot, field: str) -> str:
    """Where a value stands, after its name where that is not the field's, and who says it."""
    said = "" if spot.what == field else f"{spot.what}  "
    role = f" ({spot.role})" if spot.role else ""
    if spot.span is not None:
        return escape(f"{said}{spot.span.place}{role}")
    return escape(f"{said}taken away (it was {spot.then.place})") if spot.then is not None else escape(said)


def _place(span: Span | None) -> dict[str, object] | None:
    if span is None:
        return None
    return {"file": escape(span.place.file), "line": span.place.line, "column": span.place.column}
