"""Whether the codecs that clips need are there; knows no clip."""

from __future__ import annotations

NEEDED = ("h264", "aac")


def missing() -> tuple[str, ...]:
    """The names of the codecs that can't be used here; all of them where the library itself doesn't load."""
    try:
        from av.codec import codecs_available
    except ImportError:
        return NEEDED
    return tuple(name for name in NEEDED if name not in codecs_available)
