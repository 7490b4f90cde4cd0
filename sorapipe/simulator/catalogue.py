"""What this provider sells and for how many credits; knows no HTTP and no books."""

from __future__ import annotations

from dataclasses import dataclass

SD_SIZES = ("720x1280", "1280x720")
HD_SIZES = ("1024x1792", "1792x1024")
STYLES = ("winter", "comic", "news")
CHARACTER_CREDITS = 10
PROMPT_LIMIT = 10_000
CHARACTERS_A_SHOT = 5
# What a create without a length is billed for and what it gets: seen at a live service.
_BILLED_SECONDS, RENDERED_SECONDS = 4, 10


@dataclass(frozen=True, slots=True)
class Model:
    """A model: the sizes it takes and what each length costs, in credits by seconds."""

    name: str
    sizes: tuple[str, ...]
    credits: dict[int, int]


_PLAIN = {10: 10, 15: 15}
_FINE = {10: 40, 15: 60, 25: 100}


def _by_name(*models: Model) -> dict[str, Model]:
    return {model.name: model for model in models}


MODELS = _by_name(Model("sora-2", SD_SIZES, _PLAIN), Model("sora-2-hd", SD_SIZES + HD_SIZES, _FINE))
VIDEO_MODELS = MODELS | _by_name(Model("sora-2-pro", SD_SIZES + HD_SIZES, _FINE))
JOB_MODELS = _by_name(
    Model("sora-2-text-to-video", SD_SIZES, _PLAIN),
    Model("sora-2-image-to-video", SD_SIZES, _PLAIN),
    Model("sora-2-pro-text-to-video", SD_SIZES + HD_SIZES, {10: 40, 15: 60}),
    Model("sora-2-pro-image-to-video", SD_SIZES + HD_SIZES, {10: 40, 15: 60}),
)
VIDEO_CHARACTER = "sora-2-character"
JOB_CHARACTER = "sora-2-characters"
JOB_CHARACTER_OF_TASK = "sora-2-characters-pro"

_ALL = VIDEO_MODELS | JOB_MODELS


@dataclass(frozen=True, slots=True)
class Wish:
    """One create in no dialect's words, checked: what is asked for.

    `reference` and `last_frame` are sha256 of pictures that are kept in the books' folder. `named` characters are
    those whose name must stand in the prompt. An `immediate` wish is done when it is taken. With `unasked_seconds` the
    create named no length.
    """

    dialect: str
    model: str
    prompt: str
    seconds: int
    width: int
    height: int
    style: str | None = None
    watermark: bool = False
    private: bool = False
    seed: int | None = None
    negative_prompt: str | None = None
    reference: str | None = None
    reference_url: str | None = None
    character_url: str | None = None
    character_timestamps: str | None = None
    character_from_task: str | None = None
    character_create: bool = False
    character_ids: tuple[str, ...] = ()
    metadata: str | None = None
    callback: str | None = None
    last_frame: str | None = None
    last_frame_url: str | None = None
    cfg_scale: float | None = None
    character_name: str | None = None
    named: bool = False
    immediate: bool = False
    unasked_seconds: bool = False

    @property
    def character_only(self) -> bool:
        """Whether the create makes a character of something that exists, and no clip."""
        return self.character_create and bool(self.character_url or self.character_from_task)

    @property
    def remark(self) -> str | None:
        """What the books say beside the charge."""
        if self.unasked_seconds:
            return f"no seconds were asked for: billed as {_BILLED_SECONDS} s, rendered as {RENDERED_SECONDS} s"
        return None


def price(wish: Wish) -> int:
    """Credits that the wish costs."""
    if wish.character_only:
        return CHARACTER_CREDITS
    credits = _ALL[wish.model].credits[wish.seconds]
    return credits * _BILLED_SECONDS // RENDERED_SECONDS if wish.unasked_seconds else credits
