"""The catalogue of faults as a page for people, and as data; knows no rule and no call."""

from __future__ import annotations

import textwrap

from sorapipe.simulator.faults_catalogue import CALLS, CHAPTERS, GROUPS, KINDS, Kind

_WIDTH = 100
_HEAD = f"""\
A script of faults is a list of rules in YAML or JSON (or a mapping with `seed` and `rules`):

  - call: create            # or any (default), download (content and file), or one of
                            # {", ".join(CALLS)}
    when: {{nth: 3}}          # all conditions must hold; without any: each time
    what: {{status: {{code: 429, retry_after: date}}}}
    accepted: true          # the provider makes and charges it all the same (each fault has its own default)

Conditions count the calls that the rule looks at, from 1, in this process:
  nth: 3 | every: 5 | from: 2 | to: 9 | probability: 0.1 | times: 4 (fires at most so often)
Which calls it looks at:
  task: ID or number | prompt: SUBSTRING | ended: true or false (the task's state)
The first rule that strikes wins. `what: reset`, `what: {{status: 503}}` and `what: {{status: {{code: 503}}}}` are
three ways to write a fault: the first value below can stand without its name.
"""


def text() -> str:
    """What a script can say, and each fault in a line."""
    lines = [_HEAD]
    for chapter, kinds in CHAPTERS.items():
        lines.append(f"{chapter}\n")
        lines += [_entry(kind) for kind in kinds]
        lines.append("")
    return "\n".join(lines) + f"{len(KINDS)} faults"


def _entry(kind: Kind) -> str:
    remarks = [kind.line]
    where = _calls(kind)
    if where:
        remarks.append(f"({where})")
    if kind.ended:
        remarks.append("[ended: true]")
    first, *rest = textwrap.wrap(" ".join(remarks), _WIDTH - 24)
    values = [
        f"{'':26}{name}: {value.line} ({_domain(value.kind)}; {_usual(value.usual)})"
        for name, value in kind.values.items()
    ]
    return "\n".join([f"  {kind.name:<22}{first}", *(f"{'':24}{line}" for line in rest), *values])


def _calls(kind: Kind) -> str:
    every = tuple(call for call in CALLS if call != "callback")
    if kind.calls == every:
        return ""
    return "download" if kind.calls == GROUPS["download"] else ", ".join(kind.calls)


def _domain(kind: str) -> str:
    return {"share": "0 to 1", "flag": "true or false", "status": "number", "count": "number"}.get(kind, kind)


def _usual(usual: object) -> str:
    return f"usually {ascii(usual)[1:-1] if isinstance(usual, str) else usual}" if usual != "" else "none"


def as_json() -> list[dict[str, object]]:
    """The same as data."""
    return [
        {
            "name": kind.name,
            "chapter": chapter,
            "about": kind.line,
            "calls": list(kind.calls),
            "accepted": kind.accepted,
            "ended": kind.ended,
            "values": {
                name: {"usual": value.usual, "kind": value.kind, "about": value.line}
                for name, value in kind.values.items()
            },
        }
        for chapter, kinds in CHAPTERS.items()
        for kind in kinds
    ]
