"""What a schema found, said so that a person can act on it; knows no schema library and no file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sorapipe.storyboard.coercion import Node, number, types_of
from sorapipe.storyboard.diagnostics import SYNONYMS, Diagnostics, did_you_mean
from sorapipe.storyboard.places import Container, Places, Value
from sorapipe.storyboard.refusals import refusal
from sorapipe.storyboard.source import Span

_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "string": "a text",
    "object": "a mapping (`key: value`)",
    "array": "a list (`[…]`)",
}
_YES, _NO = ("yes", "y", "on", "1", "True", "TRUE", "Yes"), ("no", "n", "off", "0", "False", "FALSE", "No")
_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "ten": 10}
_SHAPES = {
    "16:9": "1280x720",
    "landscape": "1280x720",
    "720p": "1280x720",
    "hd": "1280x720",
    "9:16": "720x1280",
    "portrait": "720x1280",
    "vertical": "720x1280",
}
_NUMBER_FIRST = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(?:s|sec|secs|second|seconds|x|times|fps|credits|usd|\$|€)?", re.I)
_CLOCK = re.compile(r"(?:([0-9]+):)?([0-9]+):([0-9]+(?:\.[0-9]+)?)")
_SHOWN = 60
_FEW = 12
_USUAL = (
    ("id", "prompt", "look", "model", "seconds", "size", "input_reference", "continues", "takes", "use", "template"),
    ("title", "provider", "vars", "defaults", "characters", "templates", "scenes", "shots", "include", "film"),
)
_CELLS = frozenset({"a new cell", "a word of an axis", "a row", "an entry of `cells`"})
"""Things that take most keys of a shot: who put a key in a wrong place hardly means them."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One keyword of a schema that one value fails.

    `value` stands at `key` of `parent` (both `None` for the whole file). `node` is the schema that was asked.
    `missing` is the key that is required, or the key whose name is wrong.
    """

    keyword: str
    value: Value
    node: Node
    path: tuple[str | int, ...]
    parent: Container | None
    key: str | int | None
    limit: object = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What a schema calls its keys: for each key the things that have it."""

    homes: Mapping[str, tuple[str, ...]]


def complain(problem: Problem, words: Words, whole: Span, places: Places, diagnostics: Diagnostics) -> None:
    """Reports one problem; `whole` is the place of the file itself."""
    value = problem.value
    if problem.keyword == "additionalProperties" and isinstance(value, dict):
        for key in value:
            if key not in problem.node.get("properties", {}):
                code, says, way_out = _unknown(key, value, problem, words)
                diagnostics.error(code, says, places.key(value, key), hint=way_out)
    elif problem.keyword == "required":
        _missing(problem, places.of(value) if isinstance(value, (dict, list)) else whole, diagnostics)
    elif problem.keyword == "propertyNames" and isinstance(value, dict):
        rule = problem.node["propertyNames"].get("patternErrorMessage", "this name can't stand here")
        says = f"{rule}, not `{_short(problem.missing)}`"
        diagnostics.error("name", says, places.key(value, problem.missing), hint=_name_hint(problem))
    else:
        span = places.of(problem.parent, problem.key) if problem.parent is not None else whole
        says, hint = _about_value(problem)
        diagnostics.error(_CODES.get(problem.keyword, "value"), says, span, hint=hint)


def _missing(problem: Problem, span: Span, diagnostics: Diagnostics) -> None:
    """Keys that must be there; not those that stand there under a name that people try first."""
    value = problem.value if isinstance(problem.value, dict) else {}
    allowed = problem.node.get("properties", {})
    meant = {did_you_mean(key, allowed, SYNONYMS) for key in value if key not in allowed}
    required = problem.limit if isinstance(problem.limit, list) else []
    names = [name for name in required if name not in value and name not in meant]
    if names:
        *most, last = [f"`{name}`" for name in names]
        says = f"{_thing(problem)} needs {', '.join(most)}{' and ' * bool(most)}{last}"
        diagnostics.error("missing-key", says, span, hint=_required_hint(problem, names))


_CODES = {"type": "type", "enum": "version", "pattern": "form", "minItems": "length", "maxItems": "length"}


def _about_value(problem: Problem) -> tuple[str, str | None]:
    label, shown = _label(problem), _shown(problem.value)
    match problem.keyword:
        case "type":
            return _type(problem)
        case "pattern":
            rule = problem.node.get("patternErrorMessage", f"{label} has another form")
            return f"{rule}, not {shown}", _pattern_hint(problem)
        case "enum":
            allowed = problem.limit if isinstance(problem.limit, (list, tuple)) else (problem.limit,)
            listed = ", ".join(f"`{item}`" for item in allowed)
            hint = f"write `{problem.key}: {allowed[0]}`"
            if problem.key == "sorapipe" and isinstance(problem.value, int):
                hint += "; a storyboard of another version of the language needs another sorapipe"
            return f"{label} can be {listed}, not {shown}", hint
        case "minimum" | "maximum":
            bound = "at least" if problem.keyword == "minimum" else "at most"
            return f"{label} is {bound} {problem.limit}, not {shown}", _example(problem)
        case "exclusiveMinimum":
            return f"{label} is more than {problem.limit}, not {shown}", _example(problem)
        case "minItems" | "maxItems" | "minProperties":
            return f"{label} has {_amount(problem)}", _example(problem)
    return f"{label} can't be {shown}", _example(problem)


def _amount(problem: Problem) -> str:
    low, high = problem.node.get("minItems", problem.node.get("minProperties")), problem.node.get("maxItems")
    size = len(problem.value) if isinstance(problem.value, (list, dict)) else 0
    wanted = f"{low}" if low == high else f"at least {low}" if problem.keyword != "maxItems" else f"at most {high}"
    return f"{wanted} item{'' if wanted.endswith(' 1') or wanted == '1' else 's'}, not {size}"


def _unknown(key: str, mapping: dict[str, Value], problem: Problem, words: Words) -> tuple[str, str, str]:
    refused = refusal(key, mapping, str(problem.node.get("title")))
    if refused is not None:
        return "refused", refused.message, refused.hint
    allowed = problem.node.get("properties", {})
    meant = did_you_mean(key, allowed, SYNONYMS)
    homes = [home for home in dict.fromkeys(words.homes.get(key, ())) if home != problem.node.get("title")]
    homes = [home for home in homes if home not in _CELLS] or homes
    if meant is not None:
        hint = f"did you mean `{meant}`?"
    elif homes:
        hint = f"`{key}` belongs to {_either(homes)}"
    else:
        hint = _keys(allowed)
    return "unknown-key", f"{_thing(problem)} has no key `{_short(key)}`", hint


def _keys(allowed: Iterable[str]) -> str:
    """The keys that there are; of many those that are used most."""
    names = list(allowed)
    usual = max(([name for name in group if name in names] for group in _USUAL), key=len)
    if len(names) <= _FEW or not usual:
        return f"the keys here are {', '.join(f'`{name}`' for name in names)}"
    return f"the usual keys here are {', '.join(f'`{name}`' for name in usual)}; `sorapipe schema` has all"


def _either(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def _thing(problem: Problem) -> str:
    title = problem.node.get("title")
    return str(title) if title else _label(problem)


def _label(problem: Problem) -> str:
    if isinstance(problem.key, str):
        return f"`{problem.key}`"
    if problem.node.get("title"):
        return str(problem.node["title"])
    above = next((part for part in reversed(problem.path[:-1]) if isinstance(part, str)), None)
    return f"an item of `{above}`" if above else "this"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else f"{flat[:_SHOWN]}…"


def _shown(value: Value) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    return f"`{_short(value if isinstance(value, str) else json.dumps(value))}`"


def _type(problem: Problem) -> tuple[str, str | None]:
    types = [kind for kind in types_of(problem.node) if kind != "null"]
    if {"string", "number", "boolean"} <= set(types) and not problem.node.get("x-literal"):
        types = ["string", *(kind for kind in types if kind not in ("string", "number", "boolean"))]
    wanted = _either([_TYPES[kind] for kind in types])
    says = f"{_label(problem)} is {wanted}, not {_shown(problem.value)}"
    value = problem.value
    if isinstance(value, str) and "{{" in value:
        says = f"{_label(problem)} is not text: a template can't stand here"
        return (
            says,
            f"let a matrix axis set it: `matrix: {{AXIS: {{a: {{{problem.key}: …}}, b: {{{problem.key}: …}}}}}}`",
        )
    if problem.key == "at" and value in ("end", "last", "first"):
        return says, "write `at: 0`" if value == "first" else "leave `at` out: then it is the last frame"
    written = _meant(value, types) if isinstance(value, str) else None
    if written is not None:
        return says, f"write `{problem.key}: {written}`" if isinstance(problem.key, str) else f"write `{written}`"
    return says, _shape_hint(problem, types) or _example(problem)


def _meant(value: str, types: list[str]) -> str | None:
    """How a text would be written as one of the types."""
    if "boolean" in types and value.strip() in (*_YES, *_NO):
        return "true" if value.strip() in _YES else "false"
    if "array" in types and value and "{" not in value:
        return f"[{', '.join(part.strip() for part in value.strip('[]() ').split(','))}]"
    if "integer" in types or "number" in types:
        return _meant_number(value, whole="integer" in types)
    return None


def _meant_number(value: str, *, whole: bool) -> str | None:
    text = value.strip().lower()
    clock, first = _CLOCK.fullmatch(text), _NUMBER_FIRST.fullmatch(text)
    if text in _COUNTS:
        return str(_COUNTS[text])
    if clock:
        hours, minutes, seconds = (float(part or 0) for part in clock.groups())
        return f"{hours * 3600 + minutes * 60 + seconds:g}"
    if first and not (whole and "." in first[1]) and number(first[1]) is not None and first[1] != text:
        return first[1]
    comma = text.replace(",", ".", 1)
    return comma if "," in text and not whole and number(comma) is not None else None


def _shape_hint(problem: Problem, types: list[str]) -> str | None:
    """For a list where a mapping belongs, and the other way round."""
    value, key = problem.value, problem.key
    if isinstance(value, list) and problem.parent is None:
        return "begin with\n    sorapipe: 1\n    shots:\n      - …"
    if isinstance(value, list) and types == ["object"] and isinstance(key, str):
        return f"write each under its name:\n    {key}:\n      NAME: …"
    if isinstance(value, dict) and "array" in types and "object" not in types and isinstance(key, str):
        return f"write each as an item that begins with `- `:\n    {key}:\n      - …"
    if isinstance(value, dict) and key == "provider":
        return "write a profile, `providers/NAME.yaml` in sorapipe's config folder, and here `provider: NAME`"
    if isinstance(value, str) and problem.node.get("title") == "a character":
        return f"write `{key}: {{description: {_flow(_short(value))}}}`"
    if isinstance(value, str) and problem.node.get("title") == "a shot":
        return f"write `{{id: NAME, prompt: {_flow(_short(value))}}}`"
    if value is None and isinstance(key, str):
        return f"write what it is, or delete the line; for example `{key}: {_flow(_first_example(problem.node))}`"
    return None


def _example(problem: Problem) -> str | None:
    example = _first_example(problem.node)
    if example is None:
        return None
    shown = _flow(example)
    return f"for example `{problem.key}: {shown}`" if isinstance(problem.key, str) else f"for example `{shown}`"


def _first_example(node: Node) -> Value:
    examples = node.get("examples") or [None]
    example: Value = examples[0]
    return example


def _required_hint(problem: Problem, names: Iterable[str]) -> str | None:
    if "sorapipe" in names:
        return "write the version of the language in the first line:\n    sorapipe: 1"
    allowed = problem.node.get("properties", {})
    known = {name: allowed[name] for name in names if "examples" in allowed.get(name, ())}
    if not known:
        return f"write {', '.join(f'`{name}: …`' for name in names)}"
    return f"for example {', '.join(f'`{name}: {_flow(_first_example(child))}`' for name, child in known.items())}"


def _name_hint(problem: Problem) -> str | None:
    name = problem.missing
    for slug in (_slug(name, "-"), _slug(name, "_")):
        pattern = problem.node["propertyNames"].get("pattern", "")
        if slug and re.search(pattern, slug):
            return f"write `{slug}:`" if slug != name else None
    if re.match("[0-9]", name) and isinstance(problem.key, str):
        slug = f"{problem.key[0]}{_slug(name, '_')}"
        return f"write `{slug}:`" if re.search(problem.node["propertyNames"].get("pattern", ""), slug) else None
    return None


def _slug(text: str, sign: str) -> str:
    return re.sub(r"[^a-z0-9]+", sign, text.lower()).strip(sign)


def _pattern_hint(problem: Problem) -> str | None:
    value = problem.value if isinstance(problem.value, str) else ""
    if "{{" in value:
        return f"`{problem.key}` is not text; let a matrix axis set it"
    if problem.key == "size":
        return _size_hint(value)
    if problem.key == "provider":
        return "write a profile, `providers/NAME.yaml` in sorapipe's config folder, and here `provider: NAME`"
    if problem.key == "store":
        return "write `stores: {NAME: …}` into `config.yaml` of sorapipe's config folder, and here `store: NAME`"
    if problem.key == "url":
        if value.startswith("http://"):
            return f"write `url: https{value[4:]}`, if the clip is there"
        clip = "NAME.mp4" if "://" in value else value
        return f"a clip on the web is `url: https://…`, one beside the storyboard `file: {clip}`"
    if "*" in value:
        return "an axis has no globs: list the words, or write the rows in a CSV file"
    if value in _SHAPES or re.fullmatch(r"[0-9]+:[0-9]+", value):
        size = _SHAPES.get(value, "1280x720")
        name = "tall" if size == "720x1280" else "wide"
        return f"give it a name and say what it changes: `{{{name}: {{size: {size}}}}}`"
    if "array" in types_of(problem.node) and re.fullmatch(r"[\w-]+", value):
        return f"write `{problem.key}: [{value}]`, or the path of a CSV or YAML file with rows"
    for slug in (_slug(value, "-"), _slug(value, "_")):
        if slug and slug != value and re.search(problem.node["pattern"], slug):
            return f"write `{problem.key}: {slug}`" if isinstance(problem.key, str) else f"write `{slug}`"
    return _example(problem)


def _size_hint(value: str) -> str:
    plain = re.sub(r"\s*[x\u00d7*X,]\s*", "x", value.strip())
    if re.fullmatch(r"[1-9][0-9]{1,4}x[1-9][0-9]{1,4}", plain):
        return f"write `size: {plain}`"
    size = _SHAPES.get(value.strip().lower())
    if size:
        return f"write `size: {size}`"
    return "write `size: 1280x720` for landscape, `size: 720x1280` for portrait"


def _flow(value: Value) -> str:
    """A value as YAML in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if isinstance(value, str):
        return value if re.fullmatch(r"[\w./-]+( [\w./-]+)*", value) else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)
