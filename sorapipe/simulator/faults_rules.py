"""Scripts of faults as people write them: YAML or JSON in, rules or what is wrong with each out; fires nothing."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from sorapipe.simulator.faults import Rule, Script, When
from sorapipe.simulator.faults_catalogue import GROUPS, KINDS, Kind, Value

_MOST_RULES = 1_000
_MOST_BYTES = 1_000_000
_KEYS = frozenset({"call", "when", "what", "accepted"})
_COUNT = (1.0, 1e9)


class WrongScript(Exception):
    """A script that can't be followed: all that is wrong with it, a sentence each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class _Wrong(Exception):
    """One thing that is wrong: its key and words."""


def from_file(path: Path, seed: int | None = None) -> Script:
    """The script in a file. Raises `WrongScript` where it can't be read or followed."""
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise WrongScript([f"it can't be read: {problem.strerror}"]) from None
    return read(data, seed)


def read(data: bytes, seed: int | None = None) -> Script:
    """A script: a list of rules, or `{seed, rules}`. Raises `WrongScript` with everything that is wrong."""
    import yaml

    if len(data) > _MOST_BYTES:
        raise WrongScript([f"the script is longer than {_MOST_BYTES} bytes"])
    try:
        document = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        raise WrongScript([f"the script is neither YAML nor JSON: {problem}"]) from None
    if document is None:
        document = []
    if isinstance(document, dict):
        unknown = [str(key) for key in document if key not in {"seed", "rules"}]
        if unknown:
            raise WrongScript(f"the script has no key `{key}`: it has `rules` and `seed`" for key in unknown)
        seed, document = document.get("seed", seed), document.get("rules", [])
    if not isinstance(document, list) or len(document) > _MOST_RULES:
        raise WrongScript([f"the rules must be a list of at most {_MOST_RULES}"])
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise WrongScript(["the seed must be a whole number"])
    return Script(_rules(document), seed or 0)


def _rules(document: list[Any]) -> list[Rule]:
    rules, problems = [], []
    for number, said in enumerate(document, 1):
        try:
            rules.append(_rule(said))
        except _Wrong as wrong:
            problems.append(f"rule {number}: {wrong}")
    if problems:
        raise WrongScript(problems)
    return rules


def _rule(said: object) -> Rule:
    if not isinstance(said, dict):
        raise _Wrong("must be a mapping with `call`, `when` and `what`")
    _only(said, _KEYS, "")
    call = _word(said.get("call", "any"), "call", GROUPS)
    kind, values = _what(said)
    if not set(GROUPS[call]) & set(kind.calls):
        raise _Wrong(f"what: `{kind.name}` doesn't happen to {call}; it does to {', '.join(kind.calls)}")
    accepted = said.get("accepted", kind.accepted)
    if not isinstance(accepted, bool):
        raise _Wrong("accepted: must be true or false")
    return Rule(call, _when(said.get("when"), kind), kind.name, values, accepted, said)


def _what(said: Mapping[Any, object]) -> tuple[Kind, dict[str, object]]:
    """`what: reset`, `what: {status: 503}` or `what: {status: {code: 429, retry_after: date}}`."""
    if "what" not in said:
        raise _Wrong("what: required, the name of a fault")
    what = said["what"]
    if isinstance(what, dict):
        if len(what) != 1:
            raise _Wrong("what: must name one fault")
        name, given = next(iter(what.items()))
    else:
        name, given = what, None
    kind = KINDS[_word(name, "what", KINDS)]
    if given is None:
        given = {}
    elif not isinstance(given, dict):
        if kind.main is None:
            raise _Wrong(f"what.{kind.name}: takes no value")
        given = {kind.main: given}
    _only(given, frozenset(kind.values), f"what.{kind.name}.")
    return kind, {
        name: _value(given[name], value, f"what.{kind.name}.{name}") if name in given else value.usual
        for name, value in kind.values.items()
    }


def _value(given: object, value: Value, key: str) -> object:
    if value.kind == "status":
        return _number(given, key, (value.least, value.most), "a status code", whole=True)
    if value.kind == "count":
        return _number(given, key, (value.least, value.most), "a whole number", whole=True)
    if value.kind in {"seconds", "share"}:
        return _number(given, key, (value.least, value.most), "a number")
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise _Wrong(f"{key}: must be a text")
    words = value.kind.split("|")
    open_to_all = {"text", "a URL"} & set(words)
    if not open_to_all and given not in words:
        raise _Wrong(f"{key}: must be one of {', '.join(words)}")
    return str(given)


def _when(said: object, kind: Kind) -> When:
    usual: dict[str, Any] = {"ended": True} if kind.ended else {}
    if said is None:
        return When(**usual)
    if not isinstance(said, dict):
        raise _Wrong("when: must be a mapping, for example {nth: 3}")
    _only(said, frozenset(_CONDITIONS), "when.")
    for key, given in said.items():
        name, check = _CONDITIONS[key]
        usual[name] = check(given, f"when.{key}")
    when = When(**usual)
    if when.last is not None and when.last < when.first:
        raise _Wrong("when.to: must not come before when.from")
    return when


def _count(given: object, key: str) -> int:
    return int(_number(given, key, _COUNT, "a whole number", whole=True))


def _probability(given: object, key: str) -> float:
    return _number(given, key, (0, 1), "a number")


def _task(given: object, key: str) -> str | int:
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise _Wrong(f"{key}: must be the id of a task, or its number")
    return given


def _text(given: object, key: str) -> str:
    if not isinstance(given, str) or not given:
        raise _Wrong(f"{key}: must be a text")
    return given


def _flag(given: object, key: str) -> bool:
    if not isinstance(given, bool):
        raise _Wrong(f"{key}: must be true or false")
    return given


_CONDITIONS: Mapping[str, tuple[str, Callable[[object, str], object]]] = {
    "nth": ("nth", _count),
    "every": ("every", _count),
    "from": ("first", _count),
    "to": ("last", _count),
    "probability": ("probability", _probability),
    "task": ("task", _task),
    "prompt": ("prompt", _text),
    "ended": ("ended", _flag),
    "times": ("times", _count),
}


def _number(given: object, key: str, span: tuple[float, float], what: str, *, whole: bool = False) -> float:
    if isinstance(given, int | float) and not isinstance(given, bool) and span[0] <= given <= span[1]:
        if not whole:
            return float(given)
        if given == int(given):
            return int(given)
    raise _Wrong(f"{key}: must be {what} from {span[0]:g} to {span[1]:g}")


def _word(given: object, key: str, words: Mapping[str, object]) -> str:
    if isinstance(given, str) and given in words:
        return given
    near = difflib.get_close_matches(str(given), words, 1)
    many = "`sorapipe simulator faults` lists them" if words is KINDS else f"it is one of {', '.join(words)}"
    raise _Wrong(f"{key}: there is no `{given}`, " + (f"did you mean `{near[0]}`?" if near else many))


def _only(said: Mapping[Any, object], keys: frozenset[str], prefix: str) -> None:
    for key in said:
        if key not in keys:
            near = difflib.get_close_matches(str(key), keys, 1)
            known = ", ".join(sorted(keys)) or "none"
            raise _Wrong(
                f"{prefix}{key}: unknown key" + (f", did you mean `{near[0]}`?" if near else f"; known: {known}")
            )
