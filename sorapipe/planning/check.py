"""Holds a storyboard against what a provider takes and says where; knows no prices, no keys and not what is on disk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import NamedTuple

from sorapipe.planning.capabilities import Capabilities
from sorapipe.planning.check_cast import CastChecker
from sorapipe.planning.check_fields import FieldChecker
from sorapipe.planning.problems import Problem
from sorapipe.storyboard.diagnostics import Diagnostics
from sorapipe.storyboard.model import Address, FrameOf, Request, Shot, Storyboard
from sorapipe.storyboard.source import Asset, Span


class _Found(NamedTuple):
    """A problem at a place, and the shots that have it."""

    shots: list[str]
    span: Span


_Key = tuple[Problem, Span | None, bool]


def check(  # noqa: PLR0913, PLR0917 - the day and what exists are facts from outside, passed in
    storyboard: Storyboard,
    capabilities: Capabilities,
    today: date,
    finished: Callable[[Address], bool],
    diagnostics: Diagnostics,
    assets: Mapping[str, Asset] | None = None,
    known: Collection[str] = (),
) -> None:
    """Reports what the provider doesn't take, each at the place where it was written.

    It is an error for shots that would be rendered and a warning for those that are `finished`, accepted or frozen.
    What one place says wrongly for many shots is reported once. `assets` are the files by path, for their types,
    `known` the characters that exist at the provider: nothing is made of their sources any more.
    """
    checker = _Checker(storyboard, capabilities, today, assets or {}, known)
    found: dict[_Key, _Found] = {}
    for shot in storyboard.shots:
        if shot.request is None:
            continue
        problems = checker.problems(shot.request)
        if not problems:
            continue
        done = shot.frozen or finished(shot.address)
        for problem in problems:
            if done and (problem.code == "model-ends" or problem.character is not None):
                continue
            span = None if problem.once else _place(problem, shot, storyboard)
            it = found.get((problem, span, done))
            if it is None:
                it = found[problem, span, done] = _Found([], span or _place(problem, shot, storyboard))
            it.shots.append(shot.label)
    _report(found, diagnostics)


def _place(problem: Problem, shot: Shot, storyboard: Storyboard) -> Span:
    """Where the thing was written that the provider doesn't take."""
    if problem.character is not None:
        return storyboard.characters[problem.character].origin.place(problem.field)
    if problem.mention is not None:
        return shot.origin.mention(problem.mention)
    if problem.field == "input_reference" and shot.request and isinstance(shot.request.input_reference, FrameOf):
        continues = shot.origin.place("continues")
        if continues != shot.origin.place():
            return continues
    return shot.origin.place(problem.field)


def _report(found: Mapping[_Key, _Found], diagnostics: Diagnostics) -> None:
    worse = {(problem, span) for problem, span, done in found if not done}
    for (problem, span, done), it in found.items():
        if done and (problem, span) in worse:
            continue
        many = len(it.shots) > 1 and problem.character is None
        message = f"{problem.message} ({len(it.shots)} shots)" if many else problem.message
        report = diagnostics.warning if done or problem.mild else diagnostics.error
        report(problem.code, message, it.span, hint=problem.hint)


class _Checker:
    """All rules for one request."""

    def __init__(
        self,
        storyboard: Storyboard,
        capabilities: Capabilities,
        today: date,
        assets: Mapping[str, Asset],
        known: Collection[str],
    ) -> None:
        self._fields = FieldChecker(capabilities, today, assets)
        self._cast = CastChecker(storyboard.characters, capabilities, assets, known)

    def problems(self, request: Request) -> tuple[Problem, ...]:
        """Everything that the provider doesn't take of one request."""
        found = self._fields.problems(request)
        if request.mentions:
            found += tuple(self._cast.problems(request))
        limit = self._fields.limit(request.model)
        if limit is not None and len(request.prompt) + len(request.mentions) * self._cast.longest > limit:
            found += self._length_problem(request.prompt, limit)
        return found

    def _length_problem(self, prompt: str, limit: int) -> tuple[Problem, ...]:
        length = self._cast.length(prompt)
        if length <= limit:
            return ()
        message = f"the prompt has {length} characters and the model takes {limit}"
        hint = "`look`, the prompt and the descriptions of characters in words count together"
        return (Problem("prompt-too-long", "prompt", message, hint),)
