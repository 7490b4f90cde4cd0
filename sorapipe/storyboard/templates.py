"""Compiles and renders untrusted templates with the engine (the only jinja2 for prompts); knows no YAML or shots.

The sandbox bounds no resources, so an allow-list over the syntax tree comes first: names, keys, constants, conditions,
one loop over data, a dozen filters. Names are looked up by key only, and the output is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import TracebackType

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, UndefinedError, nodes
from jinja2 import Template as Compiled
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sorapipe.storyboard.filters import (
    FILTERS,
    MAX_OUTPUT,
    BadValue,
    TemplateRefused,
    UnknownName,
    bounded,
    printed,
)
from sorapipe.storyboard.tags import find, loop_in_loop, slip

MAX_STEPS = 1_000_000
"""Parts of loops that one text may run through: one that prints nothing is stopped by no bound of the output."""
MAX_DEPTH = 40
"""Levels of the syntax tree: nobody writes more, and the engine recurses."""

_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.For,
    nodes.Filter,
    nodes.List,
    nodes.Tuple,
)
_NO_NAMES = frozenset({"self", "super", "loop", "caller", "varargs", "kwargs"})
_ROOTS = frozenset({"vars", "matrix", "characters", "shot"})
_SUMS = "work it out in a CSV: a column of an axis's rows can hold it"
_TWICE = "write the line where it is needed, or give the shots a `template:`"
_REFUSED: dict[type[nodes.Node], tuple[str, str | None]] = {
    nodes.BinExpr: ("no arithmetic in templates", _SUMS),
    nodes.UnaryExpr: ("no arithmetic in templates", _SUMS),
    nodes.Concat: ("no arithmetic in templates", "write the two side by side: `{{ a }}{{ b }}`"),
    nodes.Call: ("no calls in templates", "a template only looks up names; " + _SUMS),
    nodes.Macro: ("no `macro` in templates", _TWICE),
    nodes.CallBlock: ("no `call` in templates", _TWICE),
    nodes.Assign: ("no `set` in templates", "put the value in `vars:`"),
    nodes.AssignBlock: ("no `set` in templates", "put the value in `vars:`"),
    nodes.Include: ("no `include` in templates", "the storyboard's own `include:` list takes files"),
    nodes.Import: ("no `import` in templates", "the storyboard's own `include:` list takes files"),
    nodes.FromImport: ("no `import` in templates", "the storyboard's own `include:` list takes files"),
    nodes.Extends: ("templates can't extend templates", _TWICE),
    nodes.Block: ("no blocks in templates", _TWICE),
    nodes.FilterBlock: ("no filter blocks in templates", "filter the value itself: `{{ vars.word|upper }}`"),
    nodes.Test: ("no tests in templates", "compare: `{% if matrix.lens == 'wide' %}`, or give a `default('…')`"),
    nodes.Slice: ("no slices in templates", "use `first` or `last`"),
    nodes.Dict: ("no mappings in templates", "put it in `vars:` or in the rows of an axis"),
}
_TAG = re.compile(r"\{[{%#]")
_DASHED = r"[A-Za-z_]\w*-[A-Za-z_]\w*"
_NAMES = "names are `vars.NAME`, `matrix.AXIS`, `characters.ID.name`, `shot.seconds`, and a template's `params`"
_KEYWORDS = {
    nodes.Macro: "macro",
    nodes.CallBlock: "call",
    nodes.Assign: "set",
    nodes.AssignBlock: "set",
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "from",
    nodes.Extends: "extends",
    nodes.Block: "block",
    nodes.FilterBlock: "filter",
    nodes.Test: "is",
}


class _Names(StrictUndefined):
    """An unknown name; using it in any way raises."""


class _ByKey(ImmutableSandboxedEnvironment):
    """Attributes are keys: `vars.items` is the user's word, never a method."""

    def getitem(self, obj: object, argument: object) -> object:
        if isinstance(obj, Undefined):
            str(obj)
        if isinstance(obj, Mapping) and argument in obj:
            return obj[argument]
        if isinstance(obj, list) and isinstance(argument, int) and 0 <= argument < len(obj):
            return obj[argument]
        return self.undefined(obj=obj, name=str(argument))

    def getattr(self, obj: object, attribute: str) -> object:
        return self.getitem(obj, attribute)


def _default(value: object, fallback: object = "") -> object:
    return fallback if isinstance(value, Undefined) else value


def _strict(change: Callable[..., object]) -> Callable[..., object]:
    """A filter that doesn't take what is undefined for a value."""

    def filtered(*values: object) -> object:
        for value in values:
            if isinstance(value, Undefined):
                str(value)
        return change(*values)

    return filtered


def _finalize(value: object) -> object:
    return value if isinstance(value, Undefined) else printed(value)


def _environment() -> _ByKey:
    environment = _ByKey(undefined=_Names, keep_trailing_newline=True, finalize=_finalize, optimized=False)
    environment.globals.clear()
    environment.tests.clear()
    environment.filters.clear()
    environment.filters.update({name: _strict(change) for name, change in FILTERS.items()}, default=_default)
    return environment


_ENVIRONMENT = _environment()


def compile_tree(text: str) -> Tree:
    """The template in `text`. Raises `TemplateRefused` for bad syntax and whatever isn't on the allow-list."""
    try:
        tree = _ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        raise slip(text, error.message or "", error.lineno) from None
    except (RecursionError, ValueError, OverflowError, MemoryError):
        raise TemplateRefused("this template is too deep or too large") from None
    try:
        _Check(text).tree(tree)
        return Tree(text, _ENVIRONMENT.from_string(tree), _loops(tree))
    except (RecursionError, ValueError, OverflowError, MemoryError, SyntaxError):
        raise TemplateRefused("this template is too deep or too large") from None


class Tree:
    """A checked and compiled template."""

    def __init__(self, text: str, compiled: Compiled, loops: list[tuple[tuple[str, ...], int]]) -> None:
        self._text = text
        self._compiled = compiled
        self._loops = loops

    def render(self, context: Mapping[str, object]) -> str:
        """The text for one shot. Raises `TemplateRefused`."""
        if self._loops and sum(parts * _length(path, context) for path, parts in self._loops) > MAX_STEPS:
            raise TemplateRefused("the loops of this template take too long", "fewer or shorter lists")
        try:
            return self._render(context)
        except UndefinedError as error:
            raise self._unknown(error, context) from None
        except BadValue as bad:
            raise TemplateRefused(bad.message, bad.hint, *self._tag(bad.__traceback__)) from None
        except TypeError as error:
            message = "these can't be compared or filtered so"
            hint = "texts are compared with texts: `shot.seconds` is the only number"
            raise TemplateRefused(message, hint, *self._tag(error.__traceback__)) from None

    def _render(self, context: Mapping[str, object]) -> str:
        pieces: list[str] = []
        size = 0
        for piece in self._compiled.root_render_func(self._compiled.new_context(dict(context))):
            size += len(piece)
            if size > MAX_OUTPUT:
                break
            pieces.append(piece)
        return bounded("".join(pieces) if size <= MAX_OUTPUT else " " * size)

    def _unknown(self, error: UndefinedError, context: Mapping[str, object]) -> TemplateRefused:
        line = self._line(error.__traceback__)
        for path, number in _paths(_ENVIRONMENT.parse(self._text)):
            found = _missing(path, context)
            if found is not None and number >= line and f"'{found[0][-1]}'" in str(error):
                missing, known = found
                offset = _offset(self._text, number, missing[-1])
                return UnknownName(missing, known, offset, len(missing[-1]))
        return TemplateRefused("a name in this template is unknown", None, *self._tag(error.__traceback__))

    def _tag(self, traceback: TracebackType | None) -> tuple[int, int]:
        return _offset(self._text, self._line(traceback)), 2

    def _line(self, traceback: TracebackType | None) -> int:
        """The template's line that the engine was at."""
        line = 1
        while traceback is not None:
            if traceback.tb_frame.f_globals.get("__jinja_template__") is self._compiled or (
                traceback.tb_frame.f_code.co_filename == "<template>"
            ):
                line = self._compiled.get_corresponding_lineno(traceback.tb_lineno)
            traceback = traceback.tb_next
        return line


def _loops(tree: nodes.Node) -> list[tuple[tuple[str, ...], int]]:
    """The list that each loop goes over, and how many parts it has inside; a list in the template has one path, ()."""
    loops = tree.find_all(nodes.For)
    return [(_dotted(loop.iter), 1 + sum(1 for _ in loop.find_all(nodes.Node))) for loop in loops]


def _length(path: tuple[str, ...], context: Mapping[str, object]) -> int:
    """How long the list at a path is; what isn't there is refused by the engine."""
    value: object = context if path else None
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return len(value) if isinstance(value, list | tuple | str | Mapping) else 1


def _paths(tree: nodes.Node) -> list[tuple[tuple[str, ...], int]]:
    """Every dotted name of the tree, the longest first where one begins another, with its line."""
    looped = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "store"}
    found = [(_dotted(node), node.lineno) for node in tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Name))]
    return [(path, line) for path, line in found if path and path[0] not in looped]


def _dotted(node: nodes.Node) -> tuple[str, ...]:
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        inner = _dotted(node.node)
        return (*inner, node.attr) if inner else ()
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        inner = _dotted(node.node)
        return (*inner, str(node.arg.value)) if inner else ()
    return ()


def _missing(path: tuple[str, ...], context: Mapping[str, object]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The part of a path that isn't there, and the names that are in its place."""
    value: object = context
    for depth, name in enumerate(path):
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, Mapping) and name in value:
            value = value[name]
        else:
            return path[: depth + 1], tuple(map(str, value)) if isinstance(value, Mapping) else ()
    return None


class _Check:
    """The allow-list."""

    def __init__(self, text: str) -> None:
        self._text = text

    def tree(self, tree: nodes.Node) -> None:
        """Refuses what isn't allowed. Walks without recursion, as the tree is untrusted."""
        waiting: list[tuple[nodes.Node, int, bool]] = [(tree, 0, False)]
        while waiting:
            node, depth, in_loop = waiting.pop()
            if depth > MAX_DEPTH:
                self._refuse(node, "this template is too deep")
            self._node(node, in_loop)
            in_loop = in_loop or isinstance(node, nodes.For)
            waiting.extend((child, depth + 1, in_loop) for child in reversed([*node.iter_child_nodes()]))

    def _node(self, node: nodes.Node, in_loop: bool) -> None:
        if not isinstance(node, _ALLOWED):
            self._not_allowed(node)
        if isinstance(node, nodes.Getattr | nodes.Getitem):
            self._key(node)
        if isinstance(node, nodes.Name):
            self._name(node)
        elif isinstance(node, nodes.For):
            self._loop(node, in_loop)
        elif isinstance(node, nodes.Filter):
            self._filter(node)
        elif isinstance(node, nodes.Getitem):
            if not isinstance(node.arg, nodes.Const | nodes.Slice):
                self._refuse(node, "a key in brackets must be a plain word", "write `vars.tone`")
        elif isinstance(node, nodes.Compare):
            self._comparison(node)

    def _not_allowed(self, node: nodes.Node) -> None:
        for kind, (message, hint) in _REFUSED.items():
            if isinstance(node, kind):
                dashed = isinstance(node, nodes.Sub) and find(self._text, node.lineno, _DASHED)
                if dashed:
                    raise TemplateRefused(
                        "a name in a template has no `-`", "write `_`, also where it is defined", *dashed
                    )
                sign = _sign(node)
                called = getattr(node.node, "attr", None) if isinstance(node, nodes.Call) else None
                way_out = f"write it as a filter: `|{called}`" if called in FILTERS else hint
                self._refuse(node, message, way_out, at=find(self._text, node.lineno, sign) if sign else None)
        self._refuse(node, "this isn't allowed in a template", "names, filters, `if` and one `for` over a list are")

    def _key(self, node: nodes.Getattr | nodes.Getitem) -> None:
        key = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
        if isinstance(key, str) and key.startswith("__"):
            hint = "a template sees the words of the storyboard, nothing of Python: no name begins with `__`"
            at = find(self._text, node.lineno, r"\b__\w+")
            name = self._text[at[0] : sum(at)] if at else key
            self._refuse(node, f"no `{name}` in templates", hint, key, at)
        if isinstance(node.node, nodes.Const | nodes.List | nodes.Tuple) and not isinstance(node, nodes.Getitem):
            self._refuse(node, f"a plain value has no `{node.attr}`", _NAMES, node.attr)

    def _name(self, node: nodes.Name) -> None:
        if node.name in _NO_NAMES:
            hint = "use `|join(', ')` on the list" if node.name == "loop" else None
            self._refuse(node, f"`{node.name}` is not known in templates", hint, node.name)

    def _loop(self, node: nodes.For, in_loop: bool) -> None:
        if in_loop or node.recursive:
            self._refuse(node, "no loop inside a loop", _SUMS, at=loop_in_loop(self._text))
        over = _dotted(node.iter)
        if over[:1] in (("matrix",), ("characters",), ("shot",)) or not (over or isinstance(node.iter, nodes.List)):
            hint = "a matrix makes one shot for each word by itself; rows of a CSV can hold what differs"
            at = find(self._text, node.lineno, re.escape(".".join(over))) if over else None
            self._refuse(node, "a loop goes over a list in `vars` only", hint, at=at)
        if not isinstance(node.target, nodes.Name) or node.target.name in _ROOTS:
            self._refuse(node, "a loop has one name of its own", "write `{% for word in vars.words %}`")

    def _filter(self, node: nodes.Filter) -> None:
        if node.name not in _ENVIRONMENT.filters:
            allowed = ", ".join(f"`{name}`" for name in sorted(_ENVIRONMENT.filters))
            self._refuse(node, f"unknown filter `{node.name}`", f"these are known: {allowed}", node.name)
        if node.kwargs or node.dyn_args or node.dyn_kwargs:
            self._refuse(node, f"`{node.name}` takes plain values only", None, node.name)

    def _comparison(self, node: nodes.Compare) -> None:
        """Text is never equal to a number: that would be false without a word."""
        sides = [node.expr, *(operand.expr for operand in node.ops)]
        kinds = {kind for kind in map(_kind, sides) if kind}
        if kinds == {"text", "number"}:
            number = next((str(side.value) for side in sides if isinstance(side, nodes.Const)), "")
            if any(_dotted(side) == ("shot", "seconds") for side in sides):
                at = find(self._text, node.lineno, r"'[^']*'|\"[^\"]*\"")
                hint = "compare it without quotes: `shot.seconds == 10`"
                self._refuse(node, "`shot.seconds` is a number", hint, at=at)
            at = find(self._text, node.lineno, rf"\b{re.escape(number)}\b") if number else None
            self._refuse(node, "a text is compared with a number", f'texts stand in quotes: `"{number}"`', at=at)

    def _refuse(
        self,
        node: nodes.Node,
        message: str,
        hint: str | None = None,
        word: str | None = None,
        at: tuple[int, int] | None = None,
    ) -> None:
        """Raises; the place is `at`, or that of the word on the node's line, or the line's first tag."""
        line = node.lineno or 1
        raise TemplateRefused(message, hint, *(at or (_offset(self._text, line, word), len(word) if word else 2)))


def _kind(node: nodes.Node) -> str:
    if isinstance(node, nodes.Const):
        return "text" if isinstance(node.value, str) else "number" if type(node.value) in (int, float) else ""
    if isinstance(node, nodes.Filter):
        return "number" if node.name == "length" else "text"
    path = _dotted(node)
    if path == ("shot", "seconds"):
        return "number"
    return "text" if path[:1] in (("vars",), ("matrix",), ("characters",)) or path == ("shot", "size") else ""


def _sign(node: nodes.Node) -> str | None:
    """What a node that isn't allowed is written with, as a pattern."""
    if isinstance(node, nodes.BinExpr | nodes.UnaryExpr):
        return re.escape(node.operator)
    if isinstance(node, nodes.Call):
        called = getattr(node.node, "name", None) or getattr(node.node, "attr", None)
        return rf"\b{called}\s*\(" if called else r"\("
    if isinstance(node, nodes.Concat):
        return "~"
    if isinstance(node, nodes.Slice):
        return r"\[[^\]]*\]"
    word = _KEYWORDS.get(type(node))
    return rf"\b{word}\b" if word else None


def _offset(text: str, line: int, word: str | None = None) -> int:
    """Where on the line the word stands (inside a tag), or the line's first tag; the line's begin at worst."""
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    tag = _TAG.search(text, start, end)
    first = tag.start() if tag else start
    if word:
        found = re.compile(rf"(?<![\w]){re.escape(word)}(?!\w)").search(text, first, end)
        return found.start() if found else first
    return first
