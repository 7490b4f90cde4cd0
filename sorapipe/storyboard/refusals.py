"""Keys that people try and the language refuses on purpose, each with its way out; knows no schema and no place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sorapipe.storyboard.places import Value


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a key is refused, and what to write."""

    message: str
    hint: str


_PROFILE = Refusal(
    "where requests go and with which key is never said in a storyboard",
    "write a profile, `providers/NAME.yaml` in sorapipe's config folder, and here `provider: NAME`",
)
_CALLBACK = Refusal("a storyboard doesn't say where answers go", "delete it: sorapipe asks for the state by itself")
_CONDITION = Refusal(
    "shots have no conditions", "leave cells of a matrix out with `exclude: [{axis: word}]`, or delete the shot"
)
_EDITOR = Refusal(
    "transitions other than a fade, titles and mixing are done in the editor",
    "export the film with `sorapipe export otio`; a cross-fade is `use: {fade: 0.5}`",
)
_TIMECODE = Refusal(
    "times are seconds of a clip, not timecode or beats",
    "write `use: {in: 0.5, out: 8}`, or cut in the editor and `sorapipe import cut.otio`",
)
_LOOP = Refusal(
    "there are no loops", "let a matrix repeat the shot: `matrix: {lens: [wide, close]}`, or `matrix: {row: rows.csv}`"
)
_INHERIT = Refusal("templates and characters don't extend each other", "write a second one, or use `params`")
_NESTED = Refusal(
    "templates can't extend templates",
    "write its fields out here, or put what both share into `defaults:` or `vars:`",
)
_STILLS = Refusal(
    "sorapipe doesn't generate stills or prompts", "make the picture first: `input_reference: refs/NAME.png`"
)
_ENVIRONMENT = Refusal(
    "values don't come from the environment or the command line",
    "write a small file with other `vars:` and `include: [THIS_FILE.yaml]`",
)

REFUSED: Mapping[str, Refusal] = {
    "env": _ENVIRONMENT,
    "environment": _ENVIRONMENT,
    "if": _CONDITION,
    "unless": _CONDITION,
    "when": _CONDITION,
    "condition": _CONDITION,
    "provider": Refusal(
        "a storyboard has one provider, not one for each shot",
        "write `provider:` at the top; `frozen: true` keeps the shots that another one rendered",
    ),
    "remix": Refusal("`remix` is reserved and not there yet", "write a new shot with `continues: SHOT`"),
    "callBackUrl": _CALLBACK,
    "callback_url": _CALLBACK,
    "callback": _CALLBACK,
    "webhook": _CALLBACK,
    "base_url": _PROFILE,
    "api_key": _PROFILE,
    "key_env": _PROFILE,
    "token": _PROFILE,
    "headers": _PROFILE,
    "endpoint": _PROFILE,
    "extends": _INHERIT,
    "inherits": _INHERIT,
    "variant_of": _INHERIT,
    "beats": _TIMECODE,
    "timecode": _TIMECODE,
    "timecodes": _TIMECODE,
    "wipe": _EDITOR,
    "transition": _EDITOR,
    "transitions": _EDITOR,
    "super": _EDITOR,
    "supers": _EDITOR,
    "mix": _EDITOR,
    "volume": _EDITOR,
    "loop": _LOOP,
    "repeat": _LOOP,
    "for": _LOOP,
    "range": _LOOP,
    "macro": _LOOP,
    "macros": _LOOP,
    "generate": _STILLS,
    "image_prompt": _STILLS,
    "character_id_list": Refusal(
        "the characters of a shot are those that its prompt mentions",
        "say once what the provider calls it, and mention it:\n"
        '    characters:\n      keeper: {handles: {PROFILE: {id: ID}}}\n    …\n    prompt: "@keeper climbs."',
    ),
}


def refusal(key: str, mapping: Mapping[str, Value], thing: str = "") -> Refusal | None:
    """Why a key is refused in a mapping, or `None` when it is simply unknown. `thing` is what the mapping is."""
    if key == "template" and thing == "a template":
        return _NESTED
    if key in ("character_url", "character_timestamps", "character_from_task"):
        return _character(key, mapping)
    return REFUSED.get(key)


def _character(key: str, mapping: Mapping[str, Value]) -> Refusal:
    """The API's character fields of a shot, as the `characters:` form with the user's own values."""
    url, times = mapping.get("character_url"), mapping.get("character_timestamps")
    source = "from_shot: SHOT" if "character_from_task" in mapping and url is None else f'url: "{url or "https://…"}"'
    parts = times if isinstance(times, list) else str(times or "1,3").replace(",", " ").split()
    shown = f"{{{source}, timestamps: [{', '.join(str(part) for part in parts)}]}}"
    return Refusal(
        f"`{key}` is said of a character, not of a shot",
        f"name the character once, and mention it in prompts:\n    characters:\n      hero: {shown}\n    …\n"
        '    prompt: "@hero walks in."',
    )
