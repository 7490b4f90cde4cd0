"""Which shot a name means, seen from a cell; knows no requests and no order of work."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sorapipe.storyboard.cascade import Fields, Written
from sorapipe.storyboard.desk import Desk, mappings, text_of
from sorapipe.storyboard.diagnostics import Related
from sorapipe.storyboard.model import Address
from sorapipe.storyboard.source import Span

_TYPED = re.compile(r"([^\[\]/]+)(?:\[([^\[\]]*)\]|/(.+))?")
_SHOWN = 12
_FEW = 8

UNSAID = "\u2e3a"
"""What stands in a text for a parameter that isn't given, which is an error already: it must bring no second one."""


@dataclass(slots=True, eq=False)
class Draft:
    """A shot after cascade and expansion, before its texts are rendered and its references are resolved.

    `words` are those of its cell, axes in the order of their declaration; `params` the template's, as written.
    """

    address: Address
    label: str
    scene: str | None
    fields: Fields
    words: Mapping[str, str]
    params: Fields | None
    origin: Written


class References:
    """Finds shots by name. Every problem goes to the desk."""

    def __init__(self, desk: Desk, drafts: Sequence[Draft], unclear: set[str], *, complete: bool) -> None:
        """`unclear` shots have errors of their own; names are only known for sure when all shots are `complete`."""
        self._desk = desk
        self._shots: dict[str, list[Draft]] = {}
        self._unclear = unclear
        self._complete = complete
        self._cells: dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], list[Draft]]] = {}
        for draft in drafts:
            self._shots.setdefault(draft.address.shot, []).append(draft)

    def plain(self, text: str, me: Address) -> Address | None:
        """The one shot of that name, where there is nothing to say against it; most references are like that."""
        found = self._shots.get(text, ())
        if len(found) != 1 or found[0].words or "clip" in found[0].fields or found[0].address == me:
            return None
        return found[0].address

    def one(self, text: str, words: Mapping[str, str], span: Span, me: Address | None = None) -> Address | None:
        """The one shot that is meant from a cell with these words; `None` with an error."""
        found = self.many(text, words, span)
        if not found:
            return None
        if len(found) > 1:
            self._several(text, found, span)
            return None
        draft = found[0]
        if draft.address == me:
            way_out = "name another shot: this one can't wait for its own clip"
            self._desk.error("itself", f"`{draft.label}` refers to itself", span, way_out)
            return None
        shown = draft.fields.get("clip")
        if shown is not None:
            hint = f"name the shot it shows: `{shown}`" if isinstance(shown, str) else None
            self._desk.error("shows-another", f"`{text}` renders nothing: it shows another shot's clip", span, hint)
            return None
        return draft.address

    def many(self, text: str, words: Mapping[str, str], span: Span) -> list[Draft]:
        """Every shot of that name whose cell agrees on the axes that both have; an error when there is none."""
        if text in self._shots and not words:
            return self._shots[text]
        match = _TYPED.fullmatch(text.strip())
        name = match[1] if match else text
        if name not in self._shots:
            self._unknown(name, text, span)
            return []
        found = self._agreeing(name, words)
        if match and (match[2] or match[3]):
            typed = re.split(r"[,/]", match[2] or match[3])
            found = [draft for draft in self._shots[name] if _has_all(draft, typed)]
            if not found:
                self._no_cell(text, self._shots[name], span)
                return []
        if not found:
            self._none(text, self._shots[name], span)
        return found

    def _agreeing(self, name: str, words: Mapping[str, str]) -> list[Draft]:
        drafts = self._shots[name]
        axes = tuple(axis for axis in drafts[0].words if axis in words)
        if not axes:
            return drafts
        index = self._cells.get((name, axes))
        if index is None:
            index = self._cells[name, axes] = {}
            for draft in drafts:
                index.setdefault(tuple(draft.words[axis] for axis in axes), []).append(draft)
        return index.get(tuple(words[axis] for axis in axes), [])

    def exists(self, text: str) -> bool:
        """Whether a shot id, a canonical or a typed address names anything here."""
        match = _TYPED.fullmatch(text.strip())
        if match is None or match[1] not in self._shots:
            return False
        typed = re.split(r"[,/]", match[2] or match[3]) if match[2] or match[3] else []
        return any(_has_all(draft, typed) for draft in self._shots[match[1]])

    def canonical(self, text: str) -> str | None:
        """The written form for the lock: a shot's id, or the address of exactly one cell; `None` when it isn't one."""
        if text in self._shots:
            return text
        match = _TYPED.fullmatch(text.strip())
        if match is None or not (match[2] or match[3]):
            return None
        typed = re.split(r"[,/]", match[2] or match[3])
        found = [draft for draft in self._shots.get(match[1], []) if _has_all(draft, typed)]
        return found[0].address.canonical if len(found) == 1 else None

    def moves(self, items: Sequence[Fields]) -> dict[str, str]:
        """What `moved:` says, old canonical names to new ones."""
        out: dict[str, str] = {}
        places: dict[str, Span] = {}
        for item in mappings(list(items)):
            old, new = text_of(item.get("from")), text_of(item.get("to"))
            if old is None or new is None:
                continue
            span = self._desk.places.of(item, "from")
            target = self.canonical(new)
            if target is None:
                self._unknown(new, new, self._desk.places.of(item, "to"))
            elif self.exists(old):
                hint = "`from` is the name that is no longer in the storyboard"
                self._desk.error("moved", f"`{old}` is still a shot here", span, hint)
            elif "/" in old:
                hint = f"write the address as the lock has it: `{old.split('/')[0]}[axis=word]`"
                self._desk.error("moved", f"`{old}` is not an address of the lock", span, hint)
            elif old in out:
                related = [Related(places[old], "the first time is here")]
                self._desk.error("moved", f"`{old}` is moved twice", span, "keep one of the two", related)
            else:
                out[old], places[old] = target, span
        return out

    def _unknown(self, name: str, text: str, span: Span) -> None:
        if name in self._unclear or not self._complete or not self._desk.first("shot", text, span):
            return
        hint = self._desk.meant(name, self._shots)
        if hint is None and self._shots:
            rest = f" and {len(self._shots) - _FEW} more" if len(self._shots) > _FEW else ""
            there = "the only shot is" if len(self._shots) == 1 else "there are"
            hint = f"{there} {', '.join(f'`{shot}`' for shot in [*self._shots][:_FEW])}{rest}"
        self._desk.error("unknown-shot", f"there is no shot `{text}`", span, hint)

    def _several(self, text: str, found: Sequence[Draft], span: Span) -> None:
        if not self._desk.first("several", text, span):
            return
        hint = f"name one of them: {_labels(found)}"
        self._desk.error("several-shots", f"`{text}` means {len(found)} shots here", span, hint)

    def _no_cell(self, text: str, there: Sequence[Draft], span: Span) -> None:
        if self._desk.first("no cell", text, span):
            hint = self._desk.meant(text, [draft.label for draft in there]) or f"there are {_labels(there)}"
            self._desk.error("no-such-cell", f"there is no cell `{text}`", span, hint)

    def _none(self, text: str, there: Sequence[Draft], span: Span) -> None:
        if not self._desk.first("none", text, span):
            return
        hint = f"there are {_labels(there)}"
        self._desk.error("no-such-cell", f"no cell of `{text}` agrees with this one", span, hint)


def _has_all(draft: Draft, typed: Sequence[str]) -> bool:
    for part in typed:
        axis, sep, word = part.strip().partition("=")
        if sep and draft.words.get(axis) != word:
            return False
        if not sep and axis not in draft.words.values():
            return False
    return True


def _labels(drafts: Sequence[Draft]) -> str:
    more = f" and {len(drafts) - _SHOWN} more" if len(drafts) > _SHOWN else ""
    return ", ".join(f"`{draft.label}`" for draft in drafts[:_SHOWN]) + more
