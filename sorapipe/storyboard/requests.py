"""From drafts to shots: texts, pictures, references and the typed rest; knows no cascade and no matrix."""

from __future__ import annotations

import re

from sorapipe.storyboard.cascade import present
from sorapipe.storyboard.desk import Desk, mappings, text_of
from sorapipe.storyboard.diagnostics import Related
from sorapipe.storyboard.document import Value
from sorapipe.storyboard.fields import SHOT_KEYS
from sorapipe.storyboard.model import Address, FileRef, FrameOf, Picture, Request, Scalar, Shot, Subtitle, Use
from sorapipe.storyboard.references import UNSAID, Draft, References
from sorapipe.storyboard.text import normalise, paragraphs
from sorapipe.storyboard.texts import Texts
from sorapipe.storyboard.values import boolean, decimal, integer, plain

_ASKS = ("prompt", "template", "continues", "input_reference", "last_frame", "negative_prompt", "seed", "style")
_BREAKS = re.compile(r"\n+")
_WHOLE = Use()


class Requests:
    """Makes the shots out of drafts. Every problem goes to the desk; the shot comes back all the same."""

    def __init__(self, desk: Desk, texts: Texts, references: References) -> None:
        self._desk = desk
        self._texts = texts
        self._references = references
        self._shared: dict[str, tuple[str, dict[str, None]]] = {}

    def shot(self, draft: Draft) -> Shot:
        """One shot."""
        fields = draft.fields
        get = fields.get
        context = self._texts.context(draft) if _has_template(draft) else None
        clip = self._clip(draft) if "clip" in fields else None
        request = None if "clip" in fields else self._request(draft, context)
        tags = get("tags")
        takes = integer(get("takes")) if "takes" in fields else 1
        return Shot(
            draft.address,
            draft.label,
            draft.scene,
            takes if takes is not None else 1,
            request,
            clip,
            self._needs(draft) if "needs" in fields else (),
            get("frozen") is True,
            self._use(draft) if "use" in fields else _WHOLE,
            self._subtitles(draft, context) if "subtitles" in fields else (),
            text_of(get("title")),
            text_of(get("notes")),
            tuple(text for tag in tags if (text := text_of(tag)) is not None) if isinstance(tags, list) else (),
            draft.origin,
        )

    def _request(self, draft: Draft, context: dict[str, object] | None) -> Request:
        get = draft.fields.get
        mentions: dict[str, None] = {}
        prompt = self._prompt(draft, context, mentions)
        negative = ""
        if "negative_prompt" in draft.fields:
            negative = self._paragraph(draft, "negative_prompt", context, mentions)
        return Request(
            prompt,
            text_of(get("model")),
            integer(get("seconds")),
            text_of(get("size")),
            negative or None,
            self._picture(draft, context),
            self._last_frame(draft, context) if "last_frame" in draft.fields else None,
            get("watermark") is True,
            get("private") is True,
            get("character_create") is True,
            text_of(get("metadata")),
            text_of(get("style")),
            integer(get("seed")),
            _extra(get("extra")),
            tuple(mentions),
        )

    def _prompt(self, draft: Draft, context: dict[str, object] | None, mentions: dict[str, None]) -> str:
        if "prompt" not in draft.fields:
            self._no_prompt(draft)
        prompt = self._paragraph(draft, "prompt", context, mentions)
        look = self._paragraph(draft, "look", context, mentions) if "look" in draft.fields else ""
        text = paragraphs(look, prompt)
        self._texts.too_long(draft, "prompt", text)
        return text

    def _paragraph(self, draft: Draft, field: str, context: dict[str, object] | None, mentions: dict[str, None]) -> str:
        raw = text_of(draft.fields.get(field))
        if raw is None:
            return ""
        shared = self._shared.get(raw) if field == "look" else None
        if shared is not None:
            mentions.update(shared[1])
            return shared[0]
        text = self._texts.text(draft, field, raw, context)
        if text is None:
            return ""
        if "\n" in raw and self._folds(draft, field):
            text = _BREAKS.sub(r"\g<0>\n", text)
        text = normalise(text)
        if not text and field == "prompt":
            hint = "say what the clip shows: `prompt: A gull hangs in the wind.`"
            self._desk.error("empty-prompt", "this prompt is empty", draft.origin.place(field), hint)
        if field == "look" and "{" not in raw:
            own: dict[str, None] = {}
            self._texts.mentions(draft, field, raw, text, own)
            self._shared[raw] = (text, own)
            mentions.update(own)
        elif "@" in text:
            self._texts.mentions(draft, field, raw, text, mentions)
        return text

    def _folds(self, draft: Draft, field: str) -> bool:
        """Whether the file's way of writing a text (all but `|` and `"`) has eaten a line break of each blank line."""
        home = draft.origin.home(field)
        return home is not None and self._desk.written(*home)[:1] not in ("|", '"')

    def _no_prompt(self, draft: Draft) -> None:
        """Not where something is there that may have been meant as one."""
        raw_keys = [key for key in draft.fields if key not in SHOT_KEYS and key not in ("params", "when")]
        if self._desk.torn or any(not draft.words.get(key) for key in raw_keys):
            return
        if self._desk.first("prompt", draft.address.shot):
            hint = "write `prompt: …`; to show another shot's clip again, `clip: SHOT`"
            self._desk.error("no-prompt", f"shot `{draft.address.shot}` has no prompt", draft.origin.place(), hint)

    def _picture(self, draft: Draft, context: dict[str, object] | None) -> Picture | None:
        fields = draft.fields
        if "continues" in fields:
            if "input_reference" in fields:
                self._both(draft)
            return self._frame(draft, "continues")
        if "input_reference" not in fields:
            return None
        if isinstance(fields["input_reference"], dict):
            return self._frame(draft, "input_reference")
        return self._file(draft, "input_reference", context)

    def _last_frame(self, draft: Draft, context: dict[str, object] | None) -> Picture | None:
        if isinstance(draft.fields["last_frame"], dict):
            return self._frame(draft, "last_frame")
        return self._file(draft, "last_frame", context)

    def _both(self, draft: Draft) -> None:
        first, second = draft.origin.place("continues"), draft.origin.place("input_reference")
        if self._desk.first("both", first, second):
            hint = "a clip begins on one picture: take one out, or overrule it with `input_reference: null`"
            message = "`continues` and `input_reference` both say how the clip begins"
            self._desk.error("two-beginnings", message, first, hint, [Related(second, "`input_reference` is here")])

    def _file(self, draft: Draft, field: str, context: dict[str, object] | None) -> FileRef | None:
        raw = text_of(draft.fields[field])
        text = self._texts.text(draft, field, raw, context) if raw is not None else None
        if text is None or UNSAID in text:
            return None
        home = draft.origin.home(field)
        span = draft.origin.place(field)
        if self._references.exists(text) and text not in self._desk.reader.siblings(text):
            hint = f"a frame of it is `{field}: {{shot: {text}, at: 0}}`"
            hint += f", its last one `continues: {text}`" * (field == "input_reference")
            self._desk.error("file", f"`{text}` is a shot, not a file", span, hint)
            return None
        path = self._desk.path(text.strip(), home[0] if home else None, span)
        if path is None:
            return None
        self._desk.asset(path, span)
        return FileRef(path)

    def _frame(self, draft: Draft, field: str) -> FrameOf | None:
        value = draft.fields[field]
        where, at = field, None
        if isinstance(value, dict):
            at = decimal(value.get("at"))
            where, value = f"{field}.shot", value.get("shot")
        address = self._reference(draft, value, where)
        return FrameOf(address, at) if address is not None else None

    def _reference(self, draft: Draft, value: Value, field: str) -> Address | None:
        name = text_of(value)
        if name is None:
            return None
        plain = self._references.plain(name, draft.address)
        return plain or self._references.one(name, draft.words, draft.origin.place(field), draft.address)

    def _clip(self, draft: Draft) -> Address | None:
        own = [key for key in _ASKS if draft.origin.own(key)]
        if own and self._desk.first("clip", draft.address.shot):
            hint = f"take `clip` or `{own[0]}` out"
            message = f"`clip` renders nothing, so `{own[0]}` means nothing here"
            self._desk.error("clip", message, draft.origin.place(own[0]), hint)
        return self._reference(draft, draft.fields["clip"], "clip")

    def _needs(self, draft: Draft) -> tuple[Address, ...]:
        value = draft.fields["needs"]
        if isinstance(value, str):
            found = self._reference(draft, value, "needs")
            return (found,) if found is not None else ()
        names = value if isinstance(value, list) else []
        found_all = [self._reference(draft, name, f"needs.{index}") for index, name in enumerate(names)]
        return tuple(dict.fromkeys(address for address in found_all if address is not None))

    def _use(self, draft: Draft) -> Use:
        value = draft.fields["use"]
        if not isinstance(value, dict):
            return Use(in_film=boolean(value) is not False)
        value = present(value)
        start, end, fade = (decimal(value.get(key)) for key in ("in", "out", "fade"))
        if start is not None and end is not None and start >= end:
            message = f"`in` ({start}) is not before `out` ({end})"
            self._desk.error("use", message, draft.origin.place("use.out"), "both are seconds of the clip")
        return Use(True, start, end, fade)

    def _subtitles(self, draft: Draft, context: dict[str, object] | None) -> tuple[Subtitle, ...]:
        out = []
        for index, line in enumerate(mappings(draft.fields["subtitles"])):
            at, lasts, text = decimal(line.get("at")), decimal(line.get("for")), line.get("text")
            texts: dict[str, str] = {}
            pairs = text.items() if isinstance(text, dict) else [("", text)]
            for language, raw in pairs:
                written = text_of(raw)
                where = f"subtitles.{index}.text" + (f".{language}" if language else "")
                rendered = self._texts.text(draft, where, written, context) if written is not None else None
                if rendered is not None:
                    texts[language] = normalise(rendered)
            if at is not None and lasts is not None:
                out.append(Subtitle(at, lasts, texts))
        return tuple(out)


def _has_template(draft: Draft) -> bool:
    """Whether any text of a shot may need a context; most don't, and making one takes longer than looking."""
    if draft.params:
        return True
    for key in ("prompt", "look", "negative_prompt", "input_reference"):
        value = draft.fields.get(key)
        if isinstance(value, str) and "{" in value:
            return True
    return "subtitles" in draft.fields


def _extra(value: Value) -> tuple[tuple[str, Scalar], ...]:
    if not isinstance(value, dict):
        return ()
    pairs = ((key, plain(item)) for key, item in sorted(value.items()))
    return tuple((key, item) for key, item in pairs if item is not None)
