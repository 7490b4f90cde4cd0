"""Clips that another program keeps for this folder and has not brought here; knows no file and runs no program."""

from __future__ import annotations

from enum import StrEnum


class Elsewhere(StrEnum):
    """Who has a clip. It is not lost: nothing is bought or fetched because of it."""

    GIT_LFS = "git-lfs"
    DVC = "dvc"

    @property
    def text(self) -> str:
        """Where it is, to follow on "its clip"."""
        return f"is kept by {self.value} and is not here"

    @property
    def command(self) -> str:
        """What brings it."""
        return "git lfs pull" if self is Elsewhere.GIT_LFS else "dvc pull"
