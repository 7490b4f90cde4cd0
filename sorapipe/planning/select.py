"""Which shots and takes the words of a person mean; knows no files and no command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from re import compile as regex
from typing import NamedTuple

from sorapipe.planning.choice import labels
from sorapipe.planning.conditions import ENDED, MEANT, NO_CONDITION, RESULTS, STATES, Condition, Conditions
from sorapipe.planning.facts import Attempt, Facts
from sorapipe.planning.graph import Graph
from sorapipe.storyboard.diagnostics import Diagnostic, Severity, did_you_mean
from sorapipe.storyboard.model import Shot, Storyboard

_TAKE = regex(r"t?0*([1-9][0-9]{0,5})([a-z]*)")
_WRITTEN = ("scene", "tag", "character", "model")
_HAPPENED = ("state", "result", "provider")
KINDS = (*_WRITTEN, *_HAPPENED)
"""What may stand before a colon."""


class Selection(NamedTuple):
    """The canonical addresses that were meant, and what could not be understood."""

    addresses: frozenset[str]
    errors: tuple[Diagnostic, ...]


class TakeFound(NamedTuple):
    """A take that a person named; `error` says why there is none."""

    attempt: Attempt | None
    error: Diagnostic | None


def select(
    storyboard: Storyboard,
    words: Sequence[str],
    graph: Graph | None = None,
    exclude: Sequence[str] = (),
    conditions: Callable[[], Conditions] | None = None,
) -> Selection:
    """The shots that words mean together: `storm`, `storm*`, `storm/fog`, `lens=wide`, `storm[lens=wide,weather=fog]`,
    `scene:arrival`, `tag:hero`, `character:keeper`, `model:sora-2`, `+stairs` (with all that it needs), `stairs+` (with
    all that needs it; both ask for a `graph`); `state:stale`, `result:failed`, `provider:house` (they ask for the
    `conditions` of the shots, which are looked at once and only then). Without words all shots are meant. `exclude`
    takes away. A state or result that no shot has means none; any other word that means no shot is an error.
    """
    selector = _Selector(storyboard, graph, conditions)
    everything = frozenset(selector.shots)
    chosen = selector.union(words) if words else everything
    return Selection(chosen - selector.union(exclude), tuple(selector.errors))


def find_take(facts: Facts, address: str, word: str) -> TakeFound:
    """The take of a shot that `2`, `t02`, `t02b` or the path of its clip means."""
    attempts = facts.attempts.get(address, ())
    names = labels(attempts)
    match = _TAKE.fullmatch(word.lower())
    if match is not None:
        wanted = f"t{int(match[1]):02d}{match[2]}"
        found = next((attempt for attempt in attempts if names[attempt.token] == wanted), None)
    else:
        found = next((attempt for attempt in attempts if _same_path(attempt.out, word)), None)
    if found is not None:
        return TakeFound(found, None)
    known = [names[attempt.token] for attempt in attempts]
    hint = f"there are {', '.join(known)}" if known else f"it has no takes yet: `sorapipe run {address}`"
    return TakeFound(None, _error("unknown-take", f"`{address}` has no take `{word}`", hint))


def take_of_path(facts: Facts, path: str) -> Attempt | None:
    """The take whose clip a path names: as it stands in the lock, or only the file's name."""
    every = (attempt for attempts in facts.attempts.values() for attempt in attempts)
    return next((attempt for attempt in every if _same_path(attempt.out, path)), None)


def _same_path(out: str | None, path: str) -> bool:
    plain = path.replace("\\", "/")
    while plain.startswith("./"):
        plain = plain[2:]
    return out is not None and (plain == out or plain.endswith(f"/{out}") or out.endswith(f"/{plain}"))


class _Selector:
    """Understands words one at a time and collects what it doesn't understand."""

    def __init__(
        self, storyboard: Storyboard, graph: Graph | None, conditions: Callable[[], Conditions] | None
    ) -> None:
        self._graph = graph
        self._look = conditions
        self._looked: Conditions | None = None
        self.shots: Mapping[str, Shot] = {shot.address.canonical: shot for shot in storyboard.shots}
        self.errors: list[Diagnostic] = []

    def union(self, words: Iterable[str]) -> frozenset[str]:
        return frozenset(address for word in words for address in self._word(word))

    def _word(self, word: str) -> frozenset[str]:
        up, down = word.startswith("+"), word.endswith("+") and len(word) > 1
        plain = word[up : len(word) - down]
        found = frozenset(self._plain(plain))
        if not (up or down) or not found:
            return found
        if self._graph is None:
            self.errors.append(_error("no-graph", f"`{word}` can't be used here", f"write `{plain}`"))
            return found
        reached = self._graph.ancestors(found) if up else frozenset()
        reached |= self._graph.descendants(found) if down else frozenset()
        return found | {node for node in reached if node in self.shots}

    def _plain(self, word: str) -> Iterable[str]:
        if word in self.shots:
            return (word,)
        kind, colon, value = word.partition(":")
        if colon:
            return self._labelled(word, kind, value)
        if "[" not in word and "/" not in word and "=" in word:
            return self._cells(word, list(self.shots.values()), [word])
        return self._named(word)

    def _labelled(self, word: str, kind: str, value: str) -> Iterable[str]:
        if kind not in KINDS:
            meant = did_you_mean(kind, KINDS)
            known = ", ".join(f"`{name}:`" for name in KINDS)
            hint = f"did you mean `{meant}:{value}`?" if meant else f"there are {known}"
            self.errors.append(_error("unknown-selector", f"no selector `{kind}:`", hint))
            return ()
        if kind in _HAPPENED and self._look is None:
            self.errors.append(_error("no-history", f"`{word}` can't be used here", "name shots or scenes"))
            return ()
        of = self._test(kind)
        found = [name for name, shot in self.shots.items() if any(fnmatchcase(it, value) for it in of(shot))]
        if not found:
            self._none(word, kind, value, of)
        return found

    def _test(self, kind: str) -> Callable[[Shot], Iterable[str]]:
        """What a shot has of a kind."""
        tests: dict[str, Callable[[Shot], Iterable[str]]] = {
            "scene": lambda shot: (shot.scene,) if shot.scene is not None else (),
            "tag": lambda shot: shot.tags,
            "character": lambda shot: shot.request.mentions if shot.request is not None else (),
            "model": lambda shot: (shot.request.model,) if shot.request is not None and shot.request.model else (),
            "state": lambda shot: self._condition(shot).states,
            "result": lambda shot: self._condition(shot).results,
            "provider": lambda shot: self._condition(shot).providers,
        }
        return tests[kind]

    def _condition(self, shot: Shot) -> Condition:
        if self._looked is None:
            self._looked = self._look() if self._look is not None else {}
        return self._looked.get(shot.address.canonical, NO_CONDITION)

    def _none(self, word: str, kind: str, value: str, of: Callable[[Shot], Iterable[str]]) -> None:
        """A word with a colon that no shot answers to: only a mistake where it could mean none at any time."""
        words: Mapping[str, object] | None = {"state": STATES, "result": RESULTS}.get(kind)
        if words is None:
            names = sorted({it for shot in self.shots.values() for it in of(shot)})
            self._unknown(word, kind, value, names, prefix=f"{kind}:")
        elif not any(fnmatchcase(name, value) for name in words):
            meant = did_you_mean(value, words, MEANT if kind == "state" else ENDED)
            listed = ", ".join(f"`{name}`" for name in words)
            hint = f"did you mean `{kind}:{meant}`?" if meant else f"there are {listed}"
            self.errors.append(_error(f"unknown-{kind}", f"no {kind} `{value}`", hint))

    def _named(self, word: str) -> Iterable[str]:
        """A shot's name (or a pattern for names), then words of its matrix in any order."""
        name, *cell = word.split("/")
        if "[" in name and name.endswith("]") and not cell:
            name, _, inside = name[:-1].partition("[")
            cell = inside.split(",")
        shots = [shot for shot in self.shots.values() if fnmatchcase(shot.address.shot, name)]
        if not shots:
            self._unknown(word, "shot", name, sorted({shot.address.shot for shot in self.shots.values()}))
            return ()
        return self._cells(word, shots, cell) if cell else [shot.address.canonical for shot in shots]

    def _cells(self, word: str, shots: list[Shot], cell: list[str]) -> Iterable[str]:
        for part in cell:
            axes = {axis for shot in shots for axis, _ in self._hits(shot, part)}
            if not axes:
                self._unknown(word, "matrix word", part, sorted(set(_words(shots, "=" in part))))
                return ()
            if len(axes) > 1:
                ways = " or ".join(f"`{axis}={part}`" for axis in sorted(axes))
                text = f"`{part}` in `{word}` is a word of {' and '.join(f'`{axis}`' for axis in sorted(axes))}"
                self.errors.append(_error("ambiguous-word", text, f"write {ways}"))
                return ()
        found = [shot for shot in shots if all(any(self._hits(shot, part)) for part in cell)]
        if not found:
            cells = ", ".join(f"`{shot.label}`" for shot in shots[:6])
            self.errors.append(_error("no-such-cell", f"no shot is `{word}`", f"there are {cells}"))
        return [shot.address.canonical for shot in found]

    @staticmethod
    def _hits(shot: Shot, part: str) -> Iterator[tuple[str, str]]:
        axis, equals, text = part.partition("=")
        pattern = (text if equals else axis).lower()
        for name, word in shot.address.cell:
            if (not equals or name == axis) and fnmatchcase(word.lower(), pattern):
                yield name, word

    def _unknown(self, word: str, kind: str, part: str, names: list[str], prefix: str = "") -> None:
        meant = did_you_mean(part, names)
        if meant is not None:
            hint = f"did you mean `{word.replace(part, meant, 1) if not prefix else prefix + meant}`?"
        elif names:
            more = " …" if len(names) > 12 else ""  # noqa: PLR2004 - as many as fit on a line
            hint = f"there are {', '.join(f'`{name}`' for name in names[:12])}{more}"
        elif kind == "provider":
            hint = "there are no takes yet"
        else:
            hint = None
        self.errors.append(_error(f"unknown-{kind.replace(' ', '-')}", f"no {kind} `{part}`", hint))


def _words(shots: Iterable[Shot], with_axis: bool) -> Iterator[str]:
    for shot in shots:
        for axis, word in shot.address.cell:
            yield f"{axis}={word}" if with_axis else word


def _error(code: str, message: str, hint: str | None) -> Diagnostic:
    return Diagnostic(Severity.ERROR, code, message, None, hint)
