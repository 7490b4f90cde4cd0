"""One small film in a folder of its own: characters of both kinds, a shot that continues, two takes, a picture."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from campaign.server import Server

PICTURE = Path(__file__).parents[2] / "examples" / "manifests" / "refs" / "harbour.png"
PROVIDERS = ("simulator", "simulator-videos", "simulator-jobs")
"""The shipped profiles of the three dialects; the film is bought at profiles that extend them."""
KEY = "CRASH_KEY"
FIRST_PART = ("marsh", "harbour")
"""Shots that nothing else must be there for."""

STORYBOARD = """\
sorapipe: 1
title: Marsh
defaults: {model: sora-2, size: 1280x720, seconds: 10, look: "16mm film, late summer."}
characters:
  ada: {name: Ada, url: "https://example.org/ada.mp4", timestamps: [1, 3], description: a woman in a blue boiler suit}
  heron: {name: the heron, from_shot: marsh, timestamps: [2, 4], description: a grey heron with a torn feather}
shots:
  - id: marsh
    prompt: A grey heron stands in the reeds. Mist lies on the water.
  - id: harbour
    input_reference: refs/harbour.png
    prompt: The harbour in the evening. A boat is pulled up the slip.
  - id: dusk
    continues: harbour
    prompt: The lamps come on one by one. @heron flies over the roofs.
  - id: bench
    takes: 2
    prompt: "@ada turns a dial and listens."
"""
TAKES = {"marsh": 1, "harbour": 1, "dusk": 1, "bench": 2}
CHARACTERS = ("@ada", "@heron")
CREATES = sum(TAKES.values()) + len(CHARACTERS)


def bought_at(provider: str) -> str:
    """The name of the profile that is bought at, in the user's own folder."""
    return f"crash-{provider}"


def write_profiles(config: Path, server: Server) -> None:
    """Profiles of the user's own: real ones that ask for a key, at the simulator that is shared."""
    folder = config / "providers"
    folder.mkdir(parents=True, exist_ok=True)
    for provider in PROVIDERS:
        text = f"extends: {provider}\nbase_url: {server.url}\nembedded: false\nrehearsal: false\nkey_env: {KEY}\n"
        (folder / f"{bought_at(provider)}.yaml").write_text(text)


@dataclass(frozen=True)
class Stage:
    """A film on a machine: its folder, the state folder beside it, whose key pays."""

    root: Path
    config: Path
    provider: str
    key: str

    @property
    def film(self) -> Path:
        return self.root / "film"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def lock(self) -> Path:
        return self.film / "film.lock"

    @property
    def manifest(self) -> str:
        return "film.yaml"

    def set_up(self) -> None:
        """Writes the storyboard and its picture."""
        (self.film / "refs").mkdir(parents=True)
        (self.film / self.manifest).write_text(STORYBOARD)
        shutil.copy(PICTURE, self.film / "refs")

    def name_character(self, address: str, id: str, username: str) -> None:
        """Writes into the storyboard that a character exists, as a person does who found it in the account."""
        path = self.film / self.manifest
        name = address.removeprefix("@")
        handles = f"handles: {{{bought_at(self.provider)}: {{id: {id}, username: {username}}}}}"
        path.write_text(path.read_text().replace(f"  {name}: {{", f"  {name}: {{{handles}, "))

    def environment(self) -> Mapping[str, str]:
        """All that a client sees of its surroundings."""
        return {
            "HOME": str(self.root / "home"),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "SORAPIPE_CONFIG_DIR": str(self.config),
            "SORAPIPE_STATE_DIR": str(self.state),
            "SORAPIPE_PROVIDER": bought_at(self.provider),
            "TMPDIR": str(self.root),
            KEY: self.key,
        }

    def snapshot(self) -> dict[str, tuple[int, int, bytes]]:
        """Every file of the film and of the state: time of change, inode, bytes."""
        return {
            str(path.relative_to(self.root)): (path.stat().st_mtime_ns, path.stat().st_ino, path.read_bytes())
            for top in (self.film, self.state)
            for path in sorted(top.rglob("*"))
            if path.is_file()
        }
