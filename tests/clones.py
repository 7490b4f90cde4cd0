"""Real git for tests: a repository and its clones, with an identity out of the environment; no test sees another."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "2026-11-01T12:00:00 +0000",
    "GIT_COMMITTER_DATE": "2026-11-01T12:00:00 +0000",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    "GIT_CONFIG_COUNT": "3",
    "GIT_CONFIG_KEY_0": "maintenance.auto",
    "GIT_CONFIG_VALUE_0": "false",
    "GIT_CONFIG_KEY_1": "core.fsync",
    "GIT_CONFIG_VALUE_1": "none",
    "GIT_CONFIG_KEY_2": "gc.auto",
    "GIT_CONFIG_VALUE_2": "0",
}
"""And nothing that tidies up behind our back: half the time would go there."""


@dataclass(frozen=True)
class Clone:
    """A work tree."""

    folder: Path

    def git(self, *words: str, code: int | None = 0) -> str:
        """Runs git here, checks how it ended, and returns what it wrote."""
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=os.environ | IDENTITY, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        assert code is None or done.returncode == code, f"git {words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def commit(self, said: str = "go on") -> None:
        """Commits everything."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", said)


def repository(folder: Path) -> Clone:
    """A new repository with the branch `main`."""
    folder.mkdir(parents=True, exist_ok=True)
    clone = Clone(folder)
    clone.git("init", "-q", "-b", "main")
    return clone
