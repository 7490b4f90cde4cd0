"""What changed in a storyboard since a revision, as text and as data; knows not how that is found out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sorapipe.planning.explain import Explanation, Standing
from sorapipe.planning.since import Comparison, Difference, Fate
from sorapipe.storyboard.diagnostics import escape
from sorapipe.views.page import Page
from sorapipe.views.why_view import MANY, alike, cause_data, cause_lines, causes_key, ending, others, why_data
from sorapipe.views.words import count, listing


class Since(NamedTuple):
    """All that is shown. `explained` says by address how the changed shots stand today, `takes` which finished takes
    were made from what they asked for then. `name` is the revision's; `named` says that a person named shots, so that
    each gets its line."""

    found: Comparison
    explained: Mapping[str, Explanation]
    takes: Mapping[str, tuple[str, ...]]
    name: str
    currency: str
    named: bool


def since_text(since: Since, page: Page) -> str:
    """What is sent differently, shot by shot with what it comes to today, then what was edited without an effect."""
    found, name = since.found, escape(since.name)
    blocks = [f"since {name}"]
    changed = found.of(Fate.CHANGED)
    groups = [[one] for one in changed]
    if len(changed) > MANY and not since.named:
        groups = alike(changed, lambda one: tuple(causes_key(one.causes)))
    blocks += ["\n".join((*_changed(group[0], since, page), *others(group))) for group in groups]
    blocks += _lines(since, page)
    calm = len(found.of(Fate.SAME))
    if not any(one.fate in {Fate.CHANGED, Fate.NEW, Fate.GONE} for one in found.differences):
        blocks.append(f"nothing that is sent has changed since {name}")
    elif calm and not since.named:
        blocks.append(f"the same as then: {count(calm, 'shot')}")
    return "\n\n".join(blocks) + "\n"


def since_data(since: Since) -> list[dict[str, object]]:
    """`[{address, label, fate, changes, cosmetic, takes, today}]`; `today` as in `why`, null where it is gone."""
    return [
        {
            "address": one.shot.address.canonical,
            "label": one.shot.label,
            "fate": one.fate.value,
            "changes": [cause_data(cause) for cause in one.causes],
            "cosmetic": [escape(word) for word in one.cosmetic],
            "takes": list(since.takes.get(one.shot.address.canonical, ())),
            "today": _today(one, since),
        }
        for one in since.found.differences
    ]


def _today(one: Difference, since: Since) -> dict[str, object] | None:
    known = since.explained.get(one.shot.address.canonical)
    return why_data([known], since.currency)[0] if known is not None and one.fate is not Fate.GONE else None


def _changed(one: Difference, since: Since, page: Page) -> Iterator[str]:
    address = one.shot.address.canonical
    yield f"{page.paint(escape(one.shot.label), 'bold')}: edited"
    for cause in one.causes:
        yield from cause_lines(cause, page)
    if one.cosmetic:
        yield f"  edited as well, without an effect: {listing([escape(word) for word in one.cosmetic])}"
    made = since.takes.get(address, ())
    if made:
        yield f"  made from what it was: {listing(list(made))}"
    known = since.explained.get(address)
    if known is None:
        return
    if known.standing is Standing.FRESH and known.film is not None:
        yield f"  {known.film} is in the film and was rendered since: nothing to do"
    elif known.because is not None:
        yield f"  {known.film} is in the film, accepted as it is"
    yield from ending(known, page, since.currency)


def _lines(since: Since, page: Page) -> Iterator[str]:
    found = since.found
    lines = []
    for fate, said in ((Fate.NEW, "new"), (Fate.GONE, "gone")):
        shots = [escape(one.shot.label) for one in found.of(fate)]
        if shots:
            lines.append(f"{said}: {listing(shots, 12)}")
    for one in found.of(Fate.COSMETIC):
        what = listing([escape(word) for word in one.cosmetic])
        lines.append(f"{page.paint(escape(one.shot.label), 'bold')}: edited without an effect: {what}")
    if since.named:
        same = [escape(one.shot.label) for one in found.of(Fate.SAME)]
        lines += [f"{page.paint(label, 'bold')}: the same as then" for label in same]
    if found.edited:
        lines.append(f"edited without an effect on any shot: {listing([escape(word) for word in found.edited])}")
    if lines:
        yield "\n".join(lines)
