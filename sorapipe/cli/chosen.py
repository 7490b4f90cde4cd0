"""Which provider is meant where no storyboard has been read: typed, in the environment, in the storyboard, or none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sorapipe.cli.choosing import find, is_storyboard, sort_words
from sorapipe.cli.failures import Expected


def provider_name(words: Sequence[str], provider: str | None) -> str:
    """The name of the provider that a run with these words would choose."""
    from sorapipe.cli.production import DEFAULT_PROVIDER

    return provider or os.environ.get("SORAPIPE_PROVIDER") or _said(words) or DEFAULT_PROVIDER


def manifest_of(words: Sequence[str]) -> Path | None:
    """The storyboard that was named, else the one of this folder, if there is one. Raises `Expected` for one that was
    named and isn't there."""
    if any(is_storyboard(word) for word in words):
        return sort_words(words).manifest
    try:
        return find()
    except Expected:
        return None


def _said(words: Sequence[str]) -> str | None:
    """The provider that the storyboard names, as far as it can be read."""
    from sorapipe.state.workspace import Workspace
    from sorapipe.storyboard.load import load

    manifest = manifest_of(words)
    if manifest is None:
        return None
    workspace = Workspace.open(manifest)
    storyboard = load(workspace.manifest, workspace.reader()).storyboard
    return storyboard.provider if storyboard else None
