"""The parameters that the dialects `tasks` and `videos` name alike, and the wish that they make; knows no envelope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sorapipe.simulator import checks
from sorapipe.simulator.catalogue import RENDERED_SECONDS, Model, Wish

SIZE = "1280x720"

FIELDS: Mapping[str, checks.Check] = {
    "prompt": checks.prompt(),
    "seconds": checks.string,
    "size": checks.string,
    "input_reference": checks.picture,
    "last_frame": checks.picture,
    "watermark": checks.boolean,
    "private": checks.boolean,
    "character_url": checks.url,
    "character_timestamps": checks.timestamps,
    "character_from_task": checks.task,
    "character_create": checks.boolean,
    "metadata": checks.metadata,
    "style": checks.style,
    "seed": checks.seed,
    "negative_prompt": checks.text(10_000),
    "cfg_scale": checks.cfg_scale,
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that goes with a wish: kept here by its digest, or somewhere on the web."""

    digest: str | None = None
    url: str | None = None


NONE = Picture()


def wrong_shape(wanted: Mapping[str, object], model: Model, models: Mapping[str, Model], prefix: str) -> list[str]:
    """Lengths and sizes that the model doesn't make."""
    problems = []
    for name, check in (("seconds", checks.seconds), ("size", checks.size)):
        value = wanted.get(name)
        problem = check(value, model, models.values()) if isinstance(value, str) else None
        if problem is not None:
            problems.append(f"{prefix}{name}: {problem}")
    return problems


def wrong_together(wanted: Mapping[str, object], prefix: str) -> list[str]:
    """Parameters of characters that don't go with each other or need each other."""
    problems = []
    if "character_url" in wanted and "character_from_task" in wanted:
        problems.append(f"{prefix}character_from_task: can't go with character_url")
    if "character_url" in wanted and "character_timestamps" not in wanted:
        problems.append(f"{prefix}character_timestamps: required with character_url")
    if "character_timestamps" in wanted and not {"character_url", "character_from_task"} & wanted.keys():
        problems.append(f"{prefix}character_timestamps: needs character_url or character_from_task")
    return problems


def wish(dialect: str, model: str, wanted: Mapping[str, object], reference: Picture, last_frame: Picture) -> Wish:
    """The wish of checked parameters."""
    width, height = (word(wanted, "size") or SIZE).split("x")
    seed, scale = wanted.get("seed"), wanted.get("cfg_scale")
    return Wish(
        dialect=dialect,
        model=model,
        prompt=word(wanted, "prompt") or "",
        seconds=int(word(wanted, "seconds") or RENDERED_SECONDS),
        width=int(width),
        height=int(height),
        style=word(wanted, "style"),
        watermark=wanted.get("watermark") is True,
        private=wanted.get("private") is True,
        seed=seed if isinstance(seed, int) else None,
        negative_prompt=word(wanted, "negative_prompt"),
        reference=reference.digest,
        reference_url=reference.url,
        last_frame=last_frame.digest,
        last_frame_url=last_frame.url,
        cfg_scale=scale if isinstance(scale, int | float) else None,
        character_url=word(wanted, "character_url"),
        character_timestamps=word(wanted, "character_timestamps"),
        character_from_task=word(wanted, "character_from_task"),
        character_create=wanted.get("character_create") is True,
        metadata=word(wanted, "metadata"),
    )


def word(wanted: Mapping[str, object], name: str) -> str | None:
    """The text of a parameter, where it is one."""
    value = wanted.get(name)
    return value if isinstance(value, str) else None
