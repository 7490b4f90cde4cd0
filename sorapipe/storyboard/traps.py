"""What a person meant where YAML reads something else: looks at lines of text; knows no parser and no schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

FREE_TEXT = frozenset(
    ("prompt", "look", "negative_prompt", "description", "title", "notes", "name", "text", "because", "metadata")
)
"""Keys whose values are words for people or models: a ` #` behind one of them may well belong to it."""
FREE_BELOW = frozenset(("vars", "with", "params", "text"))
"""Keys below which every value is such a text."""

_CONFLICT = re.compile(r"^<{7}(?: .*)?$", re.MULTILINE)
_BREAKS = re.compile("[\x85\u2028\u2029]|\r(?!\n)")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
"""What YAML doesn't allow in a file; said the other way round it takes 3 ms to compile."""

_LINE = re.compile(r"(?P<lead>[ ]*(?:-[ ]+)*)(?:(?P<key>[\w.@-]+|\"[^\"]*\"|'[^']*'):[ ]+)?(?P<value>\S.*)$")
_FLOW_ITEM = re.compile(r"(?P<key>[\w.-]+):[ ]+$")
_FLOW_TEXT = re.compile(r"(?P<key>[\w-]+):[ ]+(?P<value>[^,{}\[\]:\"']+)$")
_GLUED = re.compile(r"[ ]*(?:- +)*(?P<key>[A-Za-z_][\w-]*):(?P<value>[^\s:/].*)$")
_STARTS = {
    "@": "`@`",
    "`": "a backtick",
    "%": "`%`",
    "*": "`*`",
    "!": "`!`",
    "&": "`&`",
    "|": "`|`",
    ">": "`>`",
    "-": "`- `",
    "?": "`? `",
    "[": "`[`",
    "{": "`{`",
    ",": "`,`",
    "]": "`]`",
    "}": "`}`",
}
_LISTS = frozenset(("tags", "needs", "include", "shots", "timestamps"))
_PARTS = re.compile(r"[^,{}\[\]:\n]+(?:,[^,{}\[\]:\n]+(?=[,}]))*")
_BEFORE_WORD = " \t\n[{,"
_SHOWN_CONTROLS = 5
_PASTED = 300
_AROUND = 1000
_MOST_CUTS = 300_000


@dataclass(frozen=True, slots=True)
class Trap:
    """A problem at an offset of the file; `also` is a second offset with what it has to do with the first."""

    code: str
    message: str
    at: int
    length: int = 1
    hint: str | None = None
    also: tuple[int, int, str] | None = None


def quoted(text: str) -> str:
    """A text as a YAML scalar in quotes, the kind that needs the fewest escapes."""
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


def paste(key: str | None, text: str) -> str:
    """A line to paste: the key, if there is one, and the text in quotes."""
    shown = quoted(text if len(text) <= _PASTED else f"{text[:_PASTED]}…")
    return f"    {key}: {shown}" if key else f"    {shown}"


def before_parsing(text: str) -> list[Trap]:
    """What makes a file unreadable before a parser looks at it: conflict markers, odd line breaks."""
    found = []
    if "<<<<<<<" in text:
        found += [_conflict(match) for match in _CONFLICT.finditer(text)]
    if ("\r" in text or not text.isascii()) and (match := _BREAKS.search(text)):
        found.append(_odd_break(match))
    return found


def unreadable_characters(text: str) -> list[Trap]:
    """The first few characters that no YAML file may hold."""
    hint = "delete it; the file may have been damaged or written by a program that is no text editor"
    return [
        Trap(
            "control-character",
            f"the character U+{ord(match[0]):04X} can't stand in a text file",
            match.start(),
            1,
            hint,
        )
        for match, _ in zip(_CONTROL.finditer(text), range(_SHOWN_CONTROLS), strict=False)
    ]


def comment_cuts(text: str) -> set[int]:
    """Offsets where a text would end because a comment follows it on the same line."""
    cuts: set[int] = set()
    for mark in (" #", "\t#"):
        for at in _finds(text, mark):
            end = at
            while end > 0 and text[end - 1] in " \t":
                end -= 1
            if end > 0 and text[end - 1] != "\n":
                cuts.add(end)
            if len(cuts) >= _MOST_CUTS:
                return cuts
    return cuts


def has_properties(text: str) -> bool:
    """Whether there may be anchors or tags: `&` or `!` at the beginning of a word."""
    return any(at == 0 or text[at - 1] in _BEFORE_WORD for mark in "&!" for at in _finds(text, mark))


def line_at(text: str, at: int) -> tuple[int, str]:
    """The offset at which the line of an offset begins, and the line without its break.

    Of a very long line only what is around the offset: looking at all of it could take for ever.
    """
    start = max(text.rfind("\n", 0, at) + 1, at - _AROUND)
    end = text.find("\n", at, at + _AROUND)
    return start, text[start : end if end >= 0 else at + _AROUND].rstrip("\r")


def cut_text(text: str, start: int, key: str | None) -> Trap:
    """A plain text from `start` whose rest became a comment."""
    begin, line = line_at(text, start)
    whole = line[start - begin :].rstrip()
    sign = re.search(r"[ \t]#", whole)
    at = start + sign.start() + 1 if sign else start
    return Trap(
        "comment-cuts-text",
        "` #` begins a comment: the text ends before it",
        at,
        max(1, begin + len(line.rstrip()) - at),
        f"if it belongs to the text, write it in quotes:\n{paste(key, whole)}\n"
        "else put the comment on a line of its own",
    )


def template_without_quotes(text: str, at: int) -> Trap:
    """`{{` where YAML reads a mapping in a mapping."""
    start, line = line_at(text, at)
    return _begins(text, start, line, at - start) or Trap(
        "unquoted-text",
        "a text that begins with `{{` must stand in quotes",
        at,
        2,
        'write it in quotes: "{{ … }}"',
    )


def begins_with(text: str, at: int) -> Trap | None:
    """The text at an offset, which begins with a sign that YAML keeps for itself."""
    start, line = line_at(text, at)
    return _begins(text, start, line, at - start)


def comma_splits(text: str, start: int, at: int, key: str, before: tuple[str, str] | None) -> Trap:
    """A key without a value in `{…}`: most often the rest of a text or pair with a comma in it.

    `start` is the offset of the value `before` it, of the key itself where there is none, `at` that of the key.
    """
    message = f"`{key}` has no value" + (": a comma inside `{…}` begins the next key" if start != at else "")
    if before is None:
        return Trap("comma-splits", message, at, len(key), f"write `{key}: …`, or `{key}: null` if that is meant")
    name, value = before
    rest = _PARTS.match(text, at, at + _AROUND)
    parts = [value, *(part.strip() for part in (rest[0] if rest else key).split(","))]
    listed = name in _LISTS or all(map(_number, parts))
    meant = f"{name}: [{', '.join(parts)}]" if listed else f"{name}: {quoted(', '.join(parts))}"
    end = rest.end() if rest else at + len(key)
    hint = f"a list or text with a comma is written so:\n    {meant}"
    return Trap("comma-splits", message, start, end - start, hint)


def explain(text: str, problem: str, at: int, context: str, context_at: int | None) -> Trap:
    """What is wrong where a parser gave up at `at`, in terms of what was probably meant."""
    at = min(at, len(text))
    lead = context_at if context_at is not None else at
    for rule in _RULES:
        trap = rule(text, problem, at, context, lead)
        if trap is not None:
            return trap
    said = problem or context or "it is not YAML"
    also = (lead, 1, context) if context and lead != at else None
    return Trap("yaml", f"YAML can't be read here: {said}", at, 1, None, also)


def _finds(text: str, mark: str) -> Iterator[int]:
    at = text.find(mark)
    while at >= 0:
        yield at
        at = text.find(mark, at + 1)


def _number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _conflict(match: re.Match[str]) -> Trap:
    hint = "choose one of the two sides and delete the lines `<<<<<<<`, `=======` and `>>>>>>>`"
    return Trap("merge-conflict", "a merge left its conflict markers here", match.start(), 7, hint)


def _odd_break(match: re.Match[str]) -> Trap:
    what = "a lone carriage return" if match[0] == "\r" else f"the line separator U+{ord(match[0]):04X}"
    return Trap("line-break", f"{what} breaks this line for some programs and not for others", match.start(), 1,
                "replace it by an ordinary line break or a space")  # fmt: skip


def _tab(text: str, problem: str, at: int, context: str, lead: int) -> Trap | None:
    start, line = line_at(text, at)
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    if "\t" not in indent:
        return None
    plain = line.lstrip()
    hint = f"indent with spaces:\n{indent.replace(chr(9), '  ')}{plain}"
    return Trap("tab", "a tab can't indent in YAML", start + indent.index("\t"), 1, hint)


def _unclosed_quote(text: str, problem: str, at: int, context: str, lead: int) -> Trap | None:
    if "quoted scalar" not in context or "escape" in problem or "hexdecimal" in problem:
        return None
    hint = "close it; a `\"` inside \"…\" is written `\\\"`, a `'` inside '…' is written `''`"
    return Trap("unclosed-quote", "this quote is never closed", lead, 1, hint)


def _escape(text: str, problem: str, at: int, context: str, lead: int) -> Trap | None:
    if "quoted scalar" not in context:
        return None
    sign = text.rfind("\\", 0, at + 1)
    return Trap("escape", f"`{text[sign : sign + 2]}` means nothing inside \"…\"", sign, 2,
                "for the backslash itself write `\\\\`, or use '…' where it is an ordinary sign")  # fmt: skip


def _unquoted(text: str, problem: str, at: int, context: str, lead: int) -> Trap | None:
    """A text with a sign at its beginning, more behind its quotes, or a `: ` in it."""
    for where in dict.fromkeys((at, lead)):
        start, line = line_at(text, where)
        trap = (
            _begins(text, start, line, where - start) or _trailing(text, start, line) or _colon(text, start, line, at)
        )
        if trap is not None:
            return trap
    return None


def _begins(text: str, start: int, line: str, column: int) -> Trap | None:
    key, at, whole = _value(line, column)
    sign = whole[:1]
    if sign not in _STARTS or (sign in "-?" and whole[1:2] not in ("", " ")):
        return None
    if sign in "|>" and re.fullmatch(r"[|>][0-9+-]*\s*(#.*)?", whole):
        return None
    if sign in "[{" and not whole.startswith("{{") and (column == at or not _goes_on(whole)):
        return None
    name = "`{{`" if whole.startswith("{{") else _STARTS[sign]
    return Trap("unquoted-text", f"a text that begins with {name} must stand in quotes", start + at, len(whole),
                _quote_hint(text, start, line, key, whole))  # fmt: skip


def _value(line: str, column: int) -> tuple[str | None, int, str]:
    """Key, column and text of the value at a column of a line: in `{…}` up to the comma, else to the end."""
    before = line[:column]
    if _in_brackets(before):
        item = _FLOW_ITEM.search(before)
        rest = line[column:]
        end = re.search(r"[,\]}]", rest.replace("{{", "__").replace("}}", "__"))
        return (item["key"] if item else None), column, rest[: end.start() if end else len(rest)].rstrip()
    match = _LINE.match(line)
    if match is None:
        return None, column, line[column:].rstrip()
    return match["key"], match.start("value"), match["value"].rstrip()


def _goes_on(value: str) -> bool:
    """Whether text follows the bracket that closes the first one."""
    depth = 0
    for number, char in enumerate(value):
        depth += (char in "[{") - (char in "]}")
        if depth == 0:
            rest = value[number + 1 :].strip()
            return bool(rest) and not rest.startswith(("#", ",", "]", "}", ":"))
    return False


def _trailing(text: str, start: int, line: str) -> Trap | None:
    """`"Hello," she says`: the quotes close before the text ends."""
    match = _LINE.match(line)
    if match is None or match["value"][0] not in "\"'":
        return None
    value = match["value"].rstrip()
    closed = re.match(r'"(?:[^"\\]|\\.)*"' if value[0] == '"' else r"'(?:[^']|'')*'", value)
    rest = value[closed.end() :].strip() if closed else ""
    if closed is None or not rest or rest.startswith(("#", ":", ",")):
        return None
    at = start + match.start("value") + value.index(rest, closed.end())
    return Trap("text-after-quote", "the quotes close before the text ends", at, len(rest),
                _quote_hint(text, start, line, match["key"], value))  # fmt: skip


def _colon(text: str, start: int, line: str, problem_at: int) -> Trap | None:
    """`prompt: He says: hello`: a second `: ` makes a second key."""
    column = problem_at - start
    match = _LINE.match(line)
    if not 0 <= column <= len(line) or line[column : column + 1] != ":" or match is None:
        return None
    value, key = match["value"].rstrip(), match["key"]
    hint = "write the text in quotes"
    if _in_brackets(line[:column]):
        item, rest = _FLOW_TEXT.search(line[:column]), re.match(r"[^,{}\[\]]*", line[column:])
        if item and rest:
            hint = f"write it in quotes:\n{paste(item['key'], item['value'] + rest[0].rstrip())}"
    else:
        below = _colon_below(text, start, line, problem_at) if key is None else None
        if below is not None:
            return below
        if key is not None and column == match.end("key"):
            return _colon_below(text, start, line, problem_at)
        if key is None and _LINE.match(line + " x") and re.fullmatch(r"[ ]*(-[ ]+)*[\w.-]+", line[:column]):
            return _colon_below(text, start, line, problem_at)
        hint = _quote_hint(text, start, line, key, value) if key else "write the text as a block: `>-` behind its key"
    return Trap("colon-in-text", "`: ` in a text without quotes begins a value", problem_at, 1, hint)


def _colon_below(text: str, start: int, line: str, problem_at: int) -> Trap | None:
    """A `: ` in a further line of a text that began above."""
    above = line_at(text, start - 1)[1] if start else ""
    match = _LINE.match(above)
    deeper = len(line) - len(line.lstrip()) > len(above) - len(above.lstrip())
    if match is None or match["key"] is None or not deeper or match["value"][0] in "\"'[{|>#":
        return None
    hint = f"write the text as a block:\n    {match['key']}: >-\n      {match['value'].rstrip()}\n      {line.strip()}"
    return Trap("colon-in-text", "`: ` in a text without quotes begins a value", problem_at, 1, hint)


def _in_brackets(before: str) -> bool:
    return before.count("{") + before.count("[") > before.count("}") + before.count("]")


def _quote_hint(text: str, start: int, line: str, key: str | None, value: str) -> str:
    following = line_at(text, start + len(line) + 1)[1] if start + len(line) < len(text) else ""
    indent = len(line) - len(line.lstrip(" "))
    if key and following.strip() and len(following) - len(following.lstrip(" ")) > indent:
        return f"write it as a block:\n    {key}: >-\n      {value}"
    return f"write it in quotes:\n{paste(key, value)}"


def _cut_above(text: str, problem: str, at: int, context: str, lead: int) -> Trap | None:
    """A text over several lines that a ` #` ended: the line after it fits nothing."""
    for where in dict.fromkeys((lead, at)):
        start, _ = line_at(text, where)
        if start == 0:
            continue
        above, line = line_at(text, start - 1)
        match = _LINE.match(line)
        sign = re.search(r"[ \t]#", line)
        if match and sign and match["value"][0] not in "\"'|>[{#" and sign.start() > match.start("value"):
            hint = f"write the text as a block:\n    {match['key'] or 'prompt'}: >-\n      {match['value'].rstrip()}"
            message = "` #` begins a comment: the text ends before it"
            return Trap("comment-cuts-text", message, above + sign.start() + 1, len(line) - sign.start() - 1, hint)
    return None


def _glued(text: str, problem: str, at: int, context: str, lead: int) -> Trap | None:
    """`prompt:text`: without a space there is no key."""
    above = line_at(text, at)[0] - 1
    for where in dict.fromkeys((lead, at, max(above, 0))):
        start, line = line_at(text, where)
        match = _GLUED.match(line)
        if match:
            hint = f"write a space after the colon:\n    {match['key']}: {match['value'].strip()}"
            return Trap("no-space", "a key needs a space after its colon", start + match.end("key"), 1, hint)
    return None


def _unclosed_bracket(text: str, problem: str, at: int, context: str, lead: int) -> Trap | None:
    if "flow" not in context or text[lead : lead + 1] not in ("[", "{"):
        return None
    sign = text[lead]
    close = "]" if sign == "[" else "}"
    also = (at, 1, f"a `,` or `{close}` should stand here") if at < len(text) else None
    return Trap("unclosed-bracket", f"this `{sign}` is not closed", lead, 1, f"close it with `{close}`", also)


def _no_key(text: str, problem: str, at: int, context: str, lead: int) -> Trap | None:
    if "expected ':'" not in problem:
        return None
    start, line = line_at(text, lead)
    column = len(line) - len(line.lstrip())
    return Trap("not-a-key", "this line is neither a `key:` nor part of a text above it", start + column,
                len(line.strip()), "a text over several lines is indented deeper than its key:\n"
                f"    prompt: >-\n      {line.strip()}")  # fmt: skip


def _indentation(text: str, problem: str, at: int, context: str, lead: int) -> Trap | None:
    if "block" not in context and "not allowed" not in problem:
        return None
    start, line = line_at(text, at)
    column = len(line) - len(line.lstrip())
    if not line.strip() or start + column != at:
        return None
    says = "the indentation of this line fits nothing above it"
    also = (lead, 1, f"what it belongs to begins in column {lead - line_at(text, lead)[0] + 1}") if lead < at else None
    return Trap("indentation", says, at, len(line.strip()), "put keys of the same thing in the same column", also)


_Rule = Callable[[str, str, int, str, int], Trap | None]
_RULES: tuple[_Rule, ...] = (
    _tab,
    _unclosed_quote,
    _escape,
    _unquoted,
    _cut_above,
    _glued,
    _unclosed_bracket,
    _no_key,
    _indentation,
)
