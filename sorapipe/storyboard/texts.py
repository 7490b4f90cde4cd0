"""Renders the texts of a shot and reads their mentions; knows no references, files or requests."""

from __future__ import annotations

from collections.abc import Mapping

from sorapipe.storyboard.cascade import Fields, Written, present
from sorapipe.storyboard.desk import Desk, mapping, text_of
from sorapipe.storyboard.diagnostics import Related
from sorapipe.storyboard.document import Value
from sorapipe.storyboard.filters import MAX_OUTPUT, TemplateRefused, UnknownName
from sorapipe.storyboard.references import Draft
from sorapipe.storyboard.rendering import compile_template, is_template
from sorapipe.storyboard.source import Span
from sorapipe.storyboard.text import words

MAX_RENDERED = 100_000_000
"""Characters that all rendered texts of a storyboard may have together."""
MAX_UNKNOWN = 20
"""Unknown mentions of one text that are told: finding the place of each takes as long as the text."""


class Texts:
    """Renders and normalises. Every problem goes to the desk, each mistake once however many shots share it."""

    def __init__(self, desk: Desk, characters: Mapping[str, Fields], dropped: Mapping[str, frozenset[str]]) -> None:
        self._desk = desk
        self._cast = {
            name: {
                key: text
                for key, value in (("name", raw.get("name", name)), ("description", raw.get("description")))
                if (text := text_of(value)) is not None
            }
            for name, raw in characters.items()
        }
        self._dropped = dropped
        self._rendered = 0

    def context(self, draft: Draft) -> dict[str, object]:
        """What the templates of a shot see."""
        fields = draft.fields
        shot = {key: fields[key] for key in ("seconds", "size") if key in fields}
        context: dict[str, object] = {
            "vars": present(mapping(fields.get("vars"))),
            "matrix": draft.words,
            "characters": self._cast,
            "shot": shot,
        }
        if draft.params:
            for name, raw in draft.params.items():
                value = self._param(draft, name, raw, context)
                context[name] = raw if value is None else value
        return context

    def _param(self, draft: Draft, name: str, raw: Value, context: Mapping[str, object]) -> str | None:
        text = text_of(raw)
        if text is None or not is_template(text):
            return text
        closed = {key: value for key, value in context.items() if key in ("vars", "matrix", "characters", "shot")}
        return self.render(text, closed, draft.origin, f"with.{name}", draft)

    def text(self, draft: Draft, field: str, raw: str, context: dict[str, object] | None) -> str | None:
        """A template field as it is sent, before normalising. `None` with an error."""
        if "{" not in raw or not is_template(raw):
            return raw
        return self.render(raw, context if context is not None else self.context(draft), draft.origin, field, draft)

    def render(
        self, raw: str, context: Mapping[str, object], origin: Written, field: str, draft: Draft | None = None
    ) -> str | None:
        """The rendered text. `None` with an error at its place."""
        try:
            text = compile_template(raw).render(context)
        except TemplateRefused as refused:
            self._refused(refused, origin, field, raw, draft)
            return None
        self._rendered += len(text)
        if self._rendered > MAX_RENDERED:
            if self._desk.first("rendered"):
                message = f"the texts of this storyboard have more than {MAX_RENDERED:,} characters"
                self._desk.error("too-much-text", message, origin.place(field))
            return None
        if "{{" in text:
            if self._desk.first("braces", raw, field) and not self._desk.said("strays"):
                hint = "a rendered text is not rendered again; templates can't stand in values"
                self._desk.error("template-left", "the rendered text still holds `{{`", origin.place(field), hint)
            return None
        return text

    def mentions(self, draft: Draft, field: str, raw: str, text: str, into: dict[str, None]) -> None:
        """Adds the characters that a normalised text mentions; other words behind a sign are errors."""
        if "@" not in text:
            return
        unknown = 0
        for word in words(text):
            if word.mention and word.text in self._cast:
                into[word.text] = None
            elif unknown < MAX_UNKNOWN:
                self._unknown_mention(draft, field, raw, word.text)
                unknown += 1

    def too_long(self, draft: Draft, field: str, text: str) -> bool:
        """Whether a text is longer than any that is sent; an error then."""
        if len(text) <= MAX_OUTPUT:
            return False
        self._desk.error("too-long", f"`{field}` has more than {MAX_OUTPUT:,} characters", draft.origin.place(field))
        return True

    def _unknown_mention(self, draft: Draft, field: str, raw: str, word: str) -> None:
        home = draft.origin.home(field)
        if self._desk.blind or not self._desk.first("mention", id(home[0]) if home else id(draft), field, word, raw):
            return
        span = self._mention_place(draft, field, raw, word)
        meant = self._desk.meant(word.lower(), self._cast, "`@{}`") if word not in self._cast else None
        if word.lower() in self._cast:
            meant = f"did you mean `@{word.lower()}`?"
        sign = f"for the sign itself write `@@{word}`"
        hint = f"{meant} {sign[0].upper()}{sign[1:]}" if meant else sign
        self._desk.error("unknown-character", f"there is no character `@{word}`", span, hint)

    def _mention_place(self, draft: Draft, field: str, raw: str, word: str) -> Span:
        sign = f"@{word}"
        offset = raw.find(sign)
        if offset >= 0:
            return draft.origin.inside(field, offset, len(sign))
        sources = (("with", draft.params), ("params", draft.params), ("vars", mapping(draft.fields.get("vars"))))
        for root, values in sources:
            for name, value in (values or {}).items():
                where = f"{root}.{name}"
                if isinstance(value, str) and sign in value and draft.origin.home(where):
                    return draft.origin.inside(where, value.find(sign), len(sign))
        return draft.origin.place(field)

    def _refused(self, refused: TemplateRefused, origin: Written, field: str, raw: str, draft: Draft | None) -> None:
        home = origin.home(field)
        if not self._desk.first("template", id(home[0]) if home else id(origin), field, refused.message, raw):
            return
        span = origin.inside(field, refused.offset, refused.length)
        if not isinstance(refused, UnknownName):
            self._desk.error("template", refused.message, span, refused.hint)
        elif not self._desk.blind:
            self._unknown_name(refused, origin, field, span, draft)

    def _unknown_name(self, name: UnknownName, origin: Written, field: str, span: Span, draft: Draft | None) -> None:
        message, hint = self._unknown(name, draft)
        cell = origin.empty(".".join(name.path))
        related = []
        if cell is not None:
            hint = "fill in that cell, or write `|default('…')` behind the name"
            related = [Related(cell, "this cell of the table is empty")]
        elif draft is not None and draft.params is not None and len(name.path) == 1 and not origin.own(field):
            word = name.path[0]
            hint = f"a template says what it needs: `params: {{{word}: null}}`; a shot gives it: `with: {{{word}: …}}`"
        if draft is not None and draft.words and name.path[0] == "vars" and not (hint or "").startswith("did you"):
            message = f"{message} for `{draft.label}`"
        self._desk.error("template", message, span, hint, related)

    def _unknown(self, name: UnknownName, draft: Draft | None) -> tuple[str, str | None]:
        path, last = name.path, name.path[-1]
        form = ".".join((*path[:-1], "{}"))
        meant = self._desk.meant(last, name.known, f"`{form}`")
        shown = ".".join(path)
        if len(path) == 1:
            inside = [root for root in ("vars", "matrix") if draft and last in _names(draft, root)]
            if inside:
                meant = f"did you mean `{inside[0]}.{last}`?"
            return f"unknown name `{shown}`", meant or f"templates know {_listed(name.known)}"
        if path[0] == "matrix":
            if draft and last in self._dropped.get(draft.address.shot, ()):
                return f"this shot drops axis `{last}`", f"take `{last}: null` out of its `matrix:`"
            who = "this shot has" if draft else "the films have"
            return f"{who} no axis `{last}`", meant or _known(name.known, "matrix")
        if path[0] == "characters" and len(path) == 2:  # noqa: PLR2004 (`characters.NAME`)
            return f"there is no character `{last}`", meant
        if path[0] == "characters" and last == "description":
            return f"character `{path[1]}` has no description", f"add `description:` to `{path[1]}`"
        if path[0] == "shot":
            if last in ("seconds", "size"):
                return f"`{last}` isn't said for this shot", f"write `{last}:` here or in `defaults:`"
            return f"unknown name `{shown}`", meant or "templates see `shot.seconds` and `shot.size` only"
        if path[0] == "vars" and len(path) == 2:  # noqa: PLR2004 (`vars.NAME`)
            return f"unknown name `{shown}`", meant or f"define it: `vars: {{{last}: …}}`"
        return f"unknown name `{shown}`", meant


def _names(draft: Draft, root: str) -> Mapping[str, object]:
    return draft.words if root == "matrix" else mapping(draft.fields.get("vars"))


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _known(names: tuple[str, ...], root: str) -> str:
    return f"the axes here are {_listed(names)}" if names else f"give it one: `{root}: {{…}}`"
