"""What this provider sells and for how many credits; knows no HTTP and no books."""

from __future__ import annotations

from dataclasses import dataclass

SD_SIZES = ("720x1280", "1280x720")
HD_SIZES = ("1024x1792", "1792x1024")
STYLES = ("winter", "comic", "news")
CHARACTER_CREDITS = 10
PROMPT_LIMIT = 10_000
CHARACTERS_A_SHOT = 5


@dataclass(frozen=True, slots=True)
class Model:
    """A model: the sizes it takes and what each length costs, in credits by seconds."""

    name: str
    sizes: tuple[str, ...]
    credits: dict[int, int]


MODELS = {
    model.name: model
    for model in (
        Model("sora-2", SD_SIZES, {10: 10, 15: 15}),
        Model("sora-2-hd", SD_SIZES + HD_SIZES, {10: 40, 15: 60, 25: 100}),
    )
}


@dataclass(frozen=True, slots=True)
class Wish:
    """One create in no dialect's words, checked: what is asked for.

    `reference` is the sha256 of a picture that is kept in the books' folder.
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

    @property
    def character_only(self) -> bool:
        """Whether the create makes a character of something that exists, and no clip."""
        return self.character_create and bool(self.character_url or self.character_from_task)


def price(wish: Wish) -> int:
    """Credits that the wish costs."""
    return CHARACTER_CREDITS if wish.character_only else MODELS[wish.model].credits[wish.seconds]
