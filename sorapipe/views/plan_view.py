"""A plan as text for people who make films; knows not how a plan is made nor carried out."""

from __future__ import annotations

import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sorapipe.planning.choice import take_label
from sorapipe.planning.plan_types import BUYS, CHANGED, TOLD, Action, Gone, Plan, Staleness, Step, Upload
from sorapipe.storyboard.diagnostics import escape
from sorapipe.storyboard.model import Storyboard
from sorapipe.views.page import Page
from sorapipe.views.words import amount_of_bytes, count, length, listing, money, number, wait

MARKS: dict[Action, tuple[str, str]] = {
    Action.RENDER: ("+", "green"),
    Action.RERENDER: ("~", "yellow"),
    Action.RESUME: (">", "cyan"),
    Action.FETCH: ("v", "cyan"),
    Action.KEEP: ("=", "dim"),
    Action.WAIT: (".", "magenta"),
    Action.BLOCKED: ("x", "red"),
    Action.UNCERTAIN: ("?", "red"),
}
_MANY = 40
"""From so many lines on, equal ones are folded."""
_SHOWN = 3
"""So many of equal ones are shown before the fold."""
_ACTION = 12
_WIDEST_LABEL = 34
_NARROWEST = 16
"""A reason is never squeezed into fewer columns, however narrow the terminal."""


@dataclass(frozen=True, slots=True)
class Group:
    """The steps under one heading: the characters, a scene, or all shots of a flat storyboard."""

    heading: str
    steps: tuple[Step, ...]


def plan_text(plan: Plan, storyboard: Storyboard, page: Page, *, going: bool = False) -> str:
    """The whole plan. What is kept is counted, and long rows of equal steps are, unless the page shows `every` one.

    A plan that is `going` to be carried out does not say how that is done.
    """
    sheet = _Sheet(plan, page)
    sheet.lines.append(page.paint(escape(storyboard.title or "Untitled"), "bold"))
    for group in groups(plan, storyboard):
        sheet.group(group)
    sheet.kept()
    sheet.gone()
    sheet.uploads()
    sheet.totals()
    if not going:
        sheet.next(page)
    return "\n".join(sheet.lines) + "\n"


def groups(plan: Plan, storyboard: Storyboard) -> list[Group]:
    """The steps under headings, in the order of the storyboard: characters first, then scene by scene."""
    order = {shot.address.canonical: place for place, shot in enumerate(storyboard.shots)}
    scene_of = {shot.address.canonical: shot.scene or "" for shot in storyboard.shots}
    titles = {scene.id: f"{scene.id} · {scene.title}" if scene.title else scene.id for scene in storyboard.scenes}
    by_scene: dict[str, list[Step]] = defaultdict(list)
    for step in plan.steps:
        by_scene["@" if step.address.startswith("@") else scene_of.get(step.address, "")].append(step)
    names = ["@", *(scene.id for scene in storyboard.scenes), ""]
    return [
        Group(
            escape("characters" if name == "@" else titles.get(name, "")),
            tuple(sorted(by_scene[name], key=lambda step: (order.get(step.address, -1), step.take))),
        )
        for name in names
        if by_scene.get(name)
    ]


class _Sheet:
    def __init__(self, plan: Plan, page: Page) -> None:
        self.page = page
        self.plan, self.every, self.width, self.paint = plan, page.every, page.width, page.paint
        self.lines: list[str] = []
        self.said: set[str] = set()
        self.stale = Counter(step.stale for step in plan.steps if step.action not in BUYS)
        self.folding = not self.every and sum(_worth_a_line(step) for step in plan.steps) > _MANY
        named = [_name(step) for step in plan.steps if self.every or _worth_a_line(step)]
        self.label = min(max(map(len, named), default=0), _WIDEST_LABEL)
        self.price = max((len(self._price(step)) for step in plan.steps), default=0)

    def group(self, group: Group) -> None:
        shown = [step for step in group.steps if self.every or _worth_a_line(step)]
        if not shown:
            return
        self.lines.append("")
        if group.heading:
            self.lines.append(self.paint(group.heading, "bold"))
        for row in _rows(shown) if self.folding else [[step] for step in shown]:
            self.row(row)
        quiet = [] if self.every else [step for step in group.steps if not _worth_a_line(step)]
        if quiet and group.heading:
            self.lines.append(self.paint(f"  = {'keep':{_ACTION - 2}}{_takes(quiet)}", "dim"))

    def row(self, steps: Sequence[Step]) -> None:
        fits = len(steps) <= _SHOWN + 1
        for step in steps if fits else steps[:_SHOWN]:
            self.step(step)
        if not fits:
            rest = steps[_SHOWN:]
            cost = money(_sum(rest), self.plan.currency) if steps[0].action in BUYS else ""
            more = f"{'':{_ACTION + 2}}… and {len(rest):,} more like these, to {_name(rest[-1])}"
            self.lines.append(self.paint(f"{more}{'  ' + cost if cost else ''}", "dim"))

    def step(self, step: Step) -> None:
        mark, colour = MARKS[step.action]
        name, price = _name(step), self._price(step)
        head = f"  {mark} {step.action.value:{_ACTION - 2}}{name:{self.label}}  {price:>{self.price}}  "
        room = max(self.width - len(head), _NARROWEST)
        reason = textwrap.wrap(escape(step.reason.text), room, break_long_words=False) or [""]
        painted = self.paint(head[: _ACTION + 2], colour) + head[_ACTION + 2 :]
        self.lines.append(f"{painted}{reason[0]}".rstrip())
        self.lines += [f"{'':{len(head)}}{line}" for line in reason[1:]]
        for command in (step.reason.instead, step.reason.command):
            if command and command not in self.said and not self._summed_up(step, command):
                self.said.add(command)
                self.lines.append(f"{'':{_ACTION + 2}}{self.paint(escape(self.page.command(command)), 'cyan')}")

    def _summed_up(self, step: Step, command: str) -> bool:
        """Whether the sums below say the same of so many takes that a line for each would bury the plan."""
        flag = _flag(step.stale).strip("`")
        return bool(flag) and f" {flag} " in command and self.stale[step.stale] > _SHOWN

    def _price(self, step: Step) -> str:
        if step.stale is not Staleness.FRESH and step.action not in BUYS:
            return f"({money(step.stale_price, self.plan.currency)})"
        return money(step.price, self.plan.currency) if step.action in BUYS else ""

    def kept(self) -> None:
        quiet = [step for step in self.plan.steps if not _worth_a_line(step)]
        if quiet and not self.every:
            what = f"kept as it is: {_takes(quiet)} (`--all` lists them)"
            self.lines += ["", self.paint(what, "dim")]

    def gone(self) -> None:
        """Takes that belong to no shot any more: perhaps somebody renamed one and changed its text at once."""
        if not self.plan.gone:
            return
        names = [f"{escape(one.label)} ({_paid(one)})" for one in self.plan.gone]
        first = escape(self.plan.gone[0].address)
        name = f'"{first}"' if "[" in first else first
        moved = f"`moved: [{{from: {name}, to: NEW}}]`"
        self.lines += ["", self.paint(f"gone from the storyboard: {listing(names, 4)}; renamed? {moved}", "dim")]

    def uploads(self) -> None:
        if not self.plan.uploads:
            return
        self.lines += ["", self.paint("files that leave this machine", "bold")]
        widest = min(max(len(_file(upload)) for upload in self.plan.uploads), _WIDEST_LABEL)
        for upload in self.plan.uploads:
            steps = listing([escape(label) for label in upload.steps], 4)
            self.lines.append(f"  ^ {_file(upload):{widest}}  {self.paint(f'{_about(upload)}, for {steps}', 'dim')}")

    def totals(self) -> None:
        totals, plan = self.plan.totals, self.plan
        film = f"{length(totals.film_seconds)} of film"
        self.lines += ["", f"{count(totals.shots, 'shot')}, {count(totals.takes, 'take')}, {film}"]
        if totals.calls:
            ordered = f"{purchase(plan)} from {escape(plan.provider)}, {wait(totals.minutes)}"
            self.lines.append(f"{ordered}, {self.paint(money(totals.cost, plan.currency), 'bold')}")
        if totals.waiting:
            waits = f"{count(totals.waiting, 'more take')} {'waits' if totals.waiting == 1 else 'wait'}"
            self.lines.append(f"{waits} ({money(totals.waiting_cost, plan.currency)})")
        stale = [step for step in plan.steps if step.stale is not Staleness.FRESH and step.action not in BUYS]
        if stale:
            what = f"{count(len(stale), 'take')} out of date, kept as {'it is' if len(stale) == 1 else 'they are'}"
            flags = " ".join(_flag(kind) for kind in sorted({step.stale for step in stale}) if _flag(kind))
            buy = f": {flags} buys {'it' if len(stale) == 1 else 'them'}" if flags else ""
            self.lines.append(f"{what} ({money(totals.stale_cost, plan.currency)}){buy}")

    def next(self, page: Page) -> None:
        waiting = [step for step in self.plan.steps if step.action in {Action.WAIT, Action.BLOCKED}]
        stuck = [step for step in self.plan.steps if step.action is Action.UNCERTAIN]
        still = {Action.KEEP, Action.WAIT, Action.BLOCKED, Action.UNCERTAIN}
        if any(step.action not in still or step.reuse is not None for step in self.plan.steps):
            self.lines.append(f"\nto do this: {self.paint(f'sorapipe run{page.target}{page.words}', 'bold')}")
        elif waiting or stuck:
            self.lines.append(f"\nnothing to do until you decide about {_things(stuck or waiting)}")
        else:
            self.lines.append(f"\n{self.paint('nothing to do', 'bold')}{everything_there(self.plan.steps)}")


def everything_there(steps: Sequence[Step]) -> str:
    """What follows `nothing to do`: a file that was changed is not the take that was paid."""
    changed = sum(step.reason.code == CHANGED for step in steps)
    if changed:
        return f", but {count(changed, 'file')} {'is' if changed == 1 else 'are'} not what was paid"
    return ": every take is there" if steps else ""


def purchase(plan: Plan) -> str:
    """What a plan buys: `13 clips and 2 characters`."""
    return _things([step for step in plan.steps if step.action in BUYS], "clip")


def counts(plan: Plan) -> str:
    """One line: `16 to render, 2 to keep, 1 waits`."""
    words = {Action.RENDER: "to render", Action.RERENDER: "to re-render", Action.RESUME: "to resume",
             Action.FETCH: "to fetch", Action.KEEP: "kept", Action.WAIT: "waiting", Action.BLOCKED: "blocked",
             Action.UNCERTAIN: "uncertain"}  # fmt: skip
    tally = {action: sum(step.action is action for step in plan.steps) for action in Action}
    return ", ".join(f"{number(Decimal(tally[action]))} {word}" for action, word in words.items() if tally[action])


def _file(upload: Upload) -> str:
    """The name of a file that leaves, or whose clip it will be."""
    if upload.asset is not None:
        return escape(upload.asset.path)
    return f"the clip of {escape(upload.shot or '')}"


def _about(upload: Upload) -> str:
    """How much of what leaves: `1.2 MB, video/mp4; 1 to 3 s of it, cut`."""
    asset = upload.asset
    said = f"{amount_of_bytes(asset.size)}, {asset.media_type}" if asset is not None else "made by then, video/mp4"
    if upload.part is None:
        return said
    start, end = (f"{second.normalize():f}" for second in upload.part)
    return f"{said}; {f'{start} to' if upload.part[0] else 'the first'} {end} s of it, cut"


def _worth_a_line(step: Step) -> bool:
    if step.action is not Action.KEEP or step.reason.code in TOLD:
        return True
    return step.reuse is not None or step.stale is not Staleness.FRESH


def _rows(steps: Iterable[Step]) -> list[list[Step]]:
    """Neighbours with the same action for the same reason, together."""
    rows: list[list[Step]] = []
    for step in steps:
        alike = rows and (rows[-1][0].action, rows[-1][0].reason.code) == (step.action, step.reason.code)
        if alike:
            rows[-1].append(step)
        else:
            rows.append([step])
    return rows


def _name(step: Step) -> str:
    label = escape(step.label)
    return label if step.address.startswith("@") else f"{label} {take_label(step.take, step.letter)}"


def _takes(steps: Sequence[Step]) -> str:
    shots = {step.address for step in steps if not step.address.startswith("@")}
    takes = sum(not step.address.startswith("@") for step in steps)
    people = len(steps) - takes
    said = [f"{count(takes, 'take')} of {count(len(shots), 'shot')}"] if takes else []
    return " and ".join(said + ([count(people, "character")] if people else []))


def _things(steps: Sequence[Step], word: str = "take") -> str:
    """`7 takes`, `7 takes and 1 character`."""
    people = sum(step.address.startswith("@") for step in steps)
    takes = len(steps) - people
    said = [count(takes, word)] if takes else []
    return " and ".join(said + ([count(people, "character")] if people else []))


def _paid(gone: Gone) -> str:
    takes = count(gone.takes, "take")
    return f"{takes}, {money(gone.cost, gone.currency)}" if gone.cost else takes


def _sum(steps: Iterable[Step]) -> Decimal | None:
    total = Decimal(0)
    for step in steps:
        if step.price is None:
            return None
        total += step.price
    return total


def _flag(kind: Staleness) -> str:
    return {Staleness.CASCADE: "`--cascade`", Staleness.MODEL: "`--reshoot`"}.get(kind, "")
