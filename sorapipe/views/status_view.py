"""How a film stands: every shot's takes, the one in the film, and what needs a person; knows not how it came so."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from sorapipe.planning.choice import Because, labels
from sorapipe.planning.cost import spent
from sorapipe.planning.facts import Attempt, AttemptState, Facts
from sorapipe.planning.plan_types import CHANGED, KEPT_ELSEWHERE, Plan, Staleness
from sorapipe.planning.situation import Outlook, Situation
from sorapipe.planning.ways import Standing as Cast
from sorapipe.storyboard.diagnostics import escape
from sorapipe.storyboard.model import Scene, Shot, Storyboard
from sorapipe.views.attention_view import Needs, attention, calls
from sorapipe.views.cast_view import Known, cast, handle_data, handle_words, made_of
from sorapipe.views.folding import folded
from sorapipe.views.page import Page, Paint
from sorapipe.views.plan_data import decimal
from sorapipe.views.scenes_view import DONE, MISSING, scene_lines
from sorapipe.views.words import count, length, listing, money

_WORDS = {
    AttemptState.DONE: ("done", "green"),
    AttemptState.SUBMITTED: ("running", "cyan"),
    AttemptState.INTENT: ("uncertain", "red"),
    AttemptState.UNCERTAIN: ("uncertain", "red"),
    AttemptState.VANISHED: ("vanished", "red"),
    AttemptState.UNAVAILABLE: ("unavailable", "red"),
    AttemptState.FAILED: ("failed", "red"),
    AttemptState.SUSPECT: ("suspect", "yellow"),
}
_WIDEST = 34
_MANY = 60
"""Of more shots, or characters, than this only their numbers are shown."""
_Row = tuple[str, str, str, str, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Doing:
    """Another process that works on this storyboard now: its id and what was typed, as far as that is known."""

    pid: int | None
    command: str

    def __str__(self) -> str:
        words = [f"pid {self.pid}" if self.pid is not None else "another process"]
        return ", ".join(words + ([f"`{escape(self.command)}`"] if self.command else []))


@dataclass(frozen=True)
class Standing:
    """All that a status is made from. `missing` are the clips that should be there and are not: as in the lock, or the
    take's token where several takes were given one name.
    `holder` is who works on it now."""

    storyboard: Storyboard
    outlook: Outlook
    plan: Plan
    facts: Facts
    missing: frozenset[str]
    holder: Doing | None = None

    @cached_property
    def changed(self) -> frozenset[str]:
        """The tokens of takes whose file is another one now."""
        return self._kept_for(CHANGED)

    @cached_property
    def elsewhere(self) -> frozenset[str]:
        """The tokens of takes whose clips another program keeps and has not brought."""
        return self._kept_for(KEPT_ELSEWHERE)

    def _kept_for(self, code: str) -> frozenset[str]:
        steps = (step for step in self.plan.steps if step.reason.code == code)
        return frozenset(step.attempt.token for step in steps if step.attempt is not None)


def status_text(standing: Standing, page: Page, select: frozenset[str] | None = None) -> str:
    """The table by scene, then what needs attention and the command for it. `select` narrows it to some shots; of many
    shots only their numbers are shown, unless the page is to have everything."""
    paint = page.paint
    shots = [shot for shot in standing.storyboard.shots if select is None or shot.address.canonical in select]
    folding = len(shots) > _MANY and not page.every
    lines = [paint(f"a run is on ({standing.holder})", "cyan")] if standing.holder else []
    lines.append(paint(escape(standing.storyboard.title or "Untitled"), "bold"))
    lines += _cast(standing, page) if select is None else []
    lines += _numbers(standing, shots, page) if folding else _table(standing, shots, page)
    lines += ["", *(folded(line, page.prose, 0) for line in _totals(standing, shots, whole=select is None))]
    needs = attention(_needs(standing, select), page)
    if needs:
        lines += ["", paint("needs attention", "bold"), *needs]
    elif standing.holder is None:
        lines.append("every take is there")
    if folding:
        every, one = page.command("sorapipe status --all"), page.command("sorapipe status SHOT")
        lines += [
            "",
            folded(f"`{every}` lists every take, `{one}` those of some shots, also of `scene:NAME`", page.prose, 0),
        ]
    return "\n".join(lines) + "\n"


def status_data(standing: Standing, select: frozenset[str] | None = None) -> dict[str, object]:
    """The same as JSON data: `{v, run, spent, currency, shots: [{address, label, scene, stale, takes: […]}],
    characters: […], attention: […]}`. `run` is who works on it now, `spent` what all attempts ever cost, as a budget
    counts it.
    """
    here = standing.outlook.ground.capabilities
    return {
        "v": 1,
        "run": {"pid": standing.holder.pid, "command": escape(standing.holder.command)} if standing.holder else None,
        "spent": decimal(spent(standing.facts, here).cost),
        "currency": here.currency,
        "shots": [
            _shot_data(shot, standing)
            for shot in standing.storyboard.shots
            if select is None or shot.address.canonical in select
        ],
        "characters": [
            {"id": known.name, "state": _known_word(known)[0], "handle": handle_data(known.handle)}
            for known in cast(standing.outlook, standing.facts)
        ],
        "attention": [
            {"address": step.address, "label": step.label, "take": step.take, "action": step.action.value,
             "text": escape(step.reason.text), "command": step.reason.command, "instead": step.reason.instead}
            for step in standing.plan.steps
            if calls(step) and (select is None or step.address in select)
        ],
    }  # fmt: skip


def _scenes(scenes: Iterable[Scene], shots: Sequence[Shot]) -> list[tuple[str, list[Shot]]]:
    by_scene: dict[str | None, list[Shot]] = defaultdict(list)
    for shot in shots:
        by_scene[shot.scene].append(shot)
    named = [(scene.id, escape(f"{scene.id} · {scene.title}" if scene.title else scene.id)) for scene in scenes]
    return [(heading, by_scene[id]) for id, heading in [*named, (None, "")] if by_scene.get(id)]


def _table(standing: Standing, shots: Sequence[Shot], page: Page) -> list[str]:
    """A row a take, scene by scene."""
    rows = {shot.address.canonical: _rows(shot, standing) for shot in shots}
    widths = [max((len(str(row[at])) for some in rows.values() for row in some), default=0) for at in range(5)]
    widths[0] = min(widths[0], _WIDEST)
    lines = []
    for heading, group in _scenes(standing.storyboard.scenes, shots):
        lines += ["", *([page.paint(heading, "bold")] if heading else [])]
        for shot in group:
            for row in rows[shot.address.canonical]:
                lines += [_line(row, widths, page), *_notes(row, widths, page.paint)]
    return lines


def _numbers(standing: Standing, shots: Sequence[Shot], page: Page) -> list[str]:
    """How many shots of each scene stand how."""
    scenes = [
        (heading or "without a scene", Counter(_stand(shot, standing) for shot in group if shot.clip is None))
        for heading, group in _scenes(standing.storyboard.scenes, shots)
    ]
    return ["", page.paint("scenes", "bold"), *scene_lines([one for one in scenes if one[1]], page)]


def _stand(shot: Shot, standing: Standing) -> str:
    """How a shot stands, in a word: by its take in the film, else by its last one."""
    it = standing.outlook.situations[shot.address.canonical]
    if it.film is None:
        return _state(it.attempts[-1], it, standing) if it.attempts else "not rendered"
    if not it.film.current or it.stale is not Staleness.FRESH:
        return "stale"
    return MISSING if _missing(it.film.attempt, standing) else DONE


def _rows(shot: Shot, standing: Standing) -> list[_Row]:
    """Shot, mark, take, state, file, notes: one row a take, the shot's name in the first only."""
    label = escape(shot.label)
    if shot.clip is not None:
        return [(label, "", "", "", f"shows {shot.clip} again", ())]
    it = standing.outlook.situations[shot.address.canonical]
    if not it.attempts:
        return [(label, "", "", "not rendered", "", ())]
    names = labels(it.attempts)
    rows = []
    for place, attempt in enumerate(it.attempts):
        state = _state(attempt, it, standing)
        where = escape(attempt.out or "") if attempt.state is AttemptState.DONE else escape(attempt.why or "")
        handle = made_of(attempt, standing.facts)
        notes = tuple(f"note: {escape(note)}" for note in standing.facts.notes.get(attempt.token, ()))
        notes += (f"made a character: {handle_words(handle)}",) if handle is not None else ()
        name = label if place == 0 else ""
        rows.append((name, _mark(attempt, it, standing), names[attempt.token], state, where, notes))
    return rows


def _cast(standing: Standing, page: Page) -> list[str]:
    """Who is made or known at this provider, and what a storyboard's `handles:` would call them. Of many only who is
    not there yet."""
    every, paint = list(cast(standing.outlook, standing.facts)), page.paint
    if not every:
        return []
    lines = ["", paint("characters", "bold")]
    if len(every) > _MANY and not page.every:
        by_word: dict[tuple[str, str], list[str]] = defaultdict(list)
        for known in every:
            by_word[_known_word(known)].append(f"@{known.name}")
        for (word, colour), names in by_word.items():
            who = "" if colour == "green" else f": {listing(names)}"
            lines.append(f"  {paint(folded(f'{len(names):,} {word}{who}', page.prose, 2), colour)}")
        return lines
    name = max(len(known.name) for known in every)
    state = max(len(_known_word(known)[0]) for known in every)
    for known in every:
        word, colour = _known_word(known)
        said = handle_words(known.handle) if known.handle else escape((known.attempt and known.attempt.why) or "")
        painted = paint(f"{word:{state}}", colour)
        lines.append(f"  @{known.name:{name}}  {painted}  {paint(said, 'dim') if said else ''}".rstrip())
    return lines


def _known_word(known: Known) -> tuple[str, str]:
    if known.handle is not None:
        return ("made", "green") if known.how is Cast.MADE else ("as given", "green")
    if known.attempt is None or known.attempt.state is AttemptState.DONE:
        return "not made", "dim"
    return _WORDS[known.attempt.state]


def _mark(attempt: Attempt, it: Situation, standing: Standing) -> str:
    """`●` picked by a person, `○` in the film without a pick."""
    if it.film is not None and it.film.attempt.token == attempt.token:
        return "●" if it.film.because in {Because.PICKED, Because.STALE_PICK} else "○"
    return ""


def _state(attempt: Attempt, it: Situation, standing: Standing) -> str:
    if attempt.state is AttemptState.INTENT and standing.holder is not None:
        return "sending"
    word = _WORDS[attempt.state][0]
    if attempt.state is AttemptState.UNCERTAIN and attempt.token in standing.facts.not_bought:
        return "not bought"
    if _given_up(attempt, standing.facts):
        return f"{word}, given up"
    if attempt.state is not AttemptState.DONE:
        return word
    said = ["no good"] if attempt.token in standing.facts.no_good else []
    said += ["missing"] if _missing(attempt, standing) else []
    said += ["changed"] if attempt.token in standing.changed else []
    said += ["not here"] if attempt.token in standing.elsewhere else []
    old = attempt.token not in it.current
    said += ["stale"] if old or (it.stale is not Staleness.FRESH and _in_film(attempt, it)) else []
    said += ["rehearsal"] if attempt.rehearsal and not standing.outlook.ground.capabilities.rehearsal else []
    return ", ".join(said) or word


def _in_film(attempt: Attempt, it: Situation) -> bool:
    return it.film is not None and it.film.attempt.token == attempt.token


def _missing(attempt: Attempt, standing: Standing) -> bool:
    return attempt.out in standing.missing or attempt.token in standing.missing


def _line(row: _Row, widths: Sequence[int], page: Page) -> str:
    paint: Paint = page.paint
    label, mark, take, state, where, _ = row
    shown = page.path(where) if where.startswith("renders/") else where
    colour = next((c for word, c in _WORDS.values() if word == state), "dim" if state == "not rendered" else "yellow")
    parts = [
        f"  {label:{widths[0]}}",
        paint(mark, "green") if mark else " ",
        f"{take:{widths[2]}}",
        paint(f"{state:{widths[3]}}", colour),
        paint(shown, "dim") if shown else "",
    ]
    return f"{parts[0]}  {parts[1]} {parts[2]}  {parts[3]}  {parts[4]}".rstrip()


def _notes(row: _Row, widths: Sequence[int], paint: Paint) -> list[str]:
    """What people said of a take, and the character that came of it, under its name."""
    return [f"  {'':{widths[0]}}    {paint(note, 'dim')}" for note in row[5]]


def _totals(standing: Standing, shots: Sequence[Shot], *, whole: bool) -> list[str]:
    own = [it for shot in shots if (it := standing.outlook.situations.get(shot.address.canonical)) is not None]
    done = sum(it.film is not None and it.film.current and it.stale is Staleness.FRESH for it in own)
    stale = sum(it.film is not None and it.stale is not Staleness.FRESH for it in own)
    takes = [attempt for it in own for attempt in it.attempts]
    away = sum(it.film is not None and _missing(it.film.attempt, standing) for it in own)
    said = [f"{done:,} of {count(len(own), 'shot')} done", *([f"{stale:,} stale"] if stale else [])]
    said += [f"{count(away, 'clip')} missing"] if away else []
    said += [count(len(takes), "take"), *([f"{length(standing.plan.totals.film_seconds)} of film"] if whole else [])]
    paid = _money(_ever(standing) if whole else _spent(takes))
    return [", ".join(said), *([f"spent so far: {paid}"] if paid else []), *_perhaps(takes, standing, whole=whole)]


def _perhaps(takes: Sequence[Attempt], standing: Standing, *, whole: bool) -> list[str]:
    """What may have been charged and was sent again: of all that there ever was, also under names that are gone."""
    facts = standing.facts
    every = [it for attempts in facts.attempts.values() for it in attempts] if whole and facts.consents else takes
    again = [attempt for attempt in every if _given_up(attempt, facts) and attempt.token not in facts.not_bought]
    if not again:
        return []
    paid = _money(_spent(again))
    return [f"{count(len(again), 'uncertain attempt')} given up{f', perhaps paid: {paid}' if paid else ''}"]


def _given_up(attempt: Attempt, facts: Facts) -> bool:
    """Whether a person wants an uncertain attempt sent again."""
    return attempt.state is AttemptState.UNCERTAIN and attempt.token in facts.consents


def _money(sums: Mapping[str | None, Decimal]) -> str:
    return ", ".join(money(amount, currency) for currency, amount in sums.items())


def _ever(standing: Standing) -> Mapping[str | None, Decimal]:
    """What all attempts ever cost, those of shots that are gone included: first as a budget counts it, then what was
    paid in other currencies. Practice counts only where practice is all there is."""
    here = standing.outlook.ground.capabilities
    every = [it for attempts in standing.facts.attempts.values() for it in attempts]
    others = [it for it in every if it.currency not in {None, here.currency} and (here.rehearsal or not it.rehearsal)]
    sums = {here.currency: spent(standing.facts, here).cost, **_spent(others)}
    return {currency: amount for currency, amount in sums.items() if amount}


def _spent(attempts: Iterable[Attempt]) -> Mapping[str | None, Decimal]:
    """By currency; what was taken over from elsewhere cost nothing here."""
    sums: dict[str | None, Decimal] = defaultdict(Decimal)
    for attempt in attempts:
        if attempt.cost:
            sums[attempt.currency] += attempt.cost
    return sums


def _needs(standing: Standing, select: frozenset[str] | None) -> Needs:
    return Needs(standing.outlook, standing.plan, standing.facts, standing.holder is not None, select)


def _shot_data(shot: Shot, standing: Standing) -> dict[str, object]:
    address = shot.address.canonical
    it = standing.outlook.situations.get(address)
    names = labels(it.attempts) if it else {}
    return {
        "address": address,
        "label": shot.label,
        "scene": shot.scene,
        "clip": shot.clip.canonical if shot.clip else None,
        "stale": it.stale.value if it else None,
        "takes": [
            {
                "take": attempt.take,
                "label": names[attempt.token],
                "state": attempt.state.value,
                "current": attempt.token in it.current,
                "in_film": _in_film(attempt, it),
                "picked": _in_film(attempt, it) and it.picked,
                "no_good": attempt.token in standing.facts.no_good,
                "given_up": _given_up(attempt, standing.facts),
                "character": handle_data(made_of(attempt, standing.facts)),
                "notes": [escape(note) for note in standing.facts.notes.get(attempt.token, ())],
                "missing": _missing(attempt, standing),
                "changed": attempt.token in standing.changed,
                "rehearsal": attempt.rehearsal,
                "provider": attempt.provider,
                "tasks": [escape(task) for task in attempt.tasks],
                "cost": decimal(attempt.cost),
                "currency": attempt.currency,
                "out": escape(attempt.out) if attempt.out else None,
                "why": escape(attempt.why) if attempt.why else None,
            }
            for attempt in it.attempts
        ]
        if it
        else [],
    }
