"""Which store is meant: typed, in the environment, in the storyboard, in the user's config; moves no clip.

A storyboard may come from anywhere, so it names a store only by a name of the user's config, or a folder below its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sorapipe.cli.failures import Exit, Expected
from sorapipe.cli.production import refuse
from sorapipe.state.config import NAME, Config, Place, read_config
from sorapipe.state.reader import parts_of
from sorapipe.state.store import FolderStore, Store, StoreError, UrlStore, is_url, without_secrets
from sorapipe.state.workspace import Workspace, config_dir
from sorapipe.storyboard.diagnostics import did_you_mean, escape
from sorapipe.storyboard.source import FileRefused

if TYPE_CHECKING:
    from sorapipe.cli.production import Production

VARIABLE = "SORAPIPE_STORE"
_BELOW = "./"
F = TypeVar("F", bound=Callable[..., Any])

store_option = click.option(
    "--store",
    metavar="STORE",
    help=f"A name of your config, a folder or a URL (else ${VARIABLE}, the storyboard's, your config's).",
)


def need_store(production: Production, typed: str | None) -> Store:
    """The store that is meant. Raises `Expected` (2) where none is, or none can be opened."""
    found = find_store(production, typed)
    if found is None:
        raise Expected(
            Exit.USAGE, "no store is named, so there is nowhere to keep clips",
            f"`--store FOLDER`, or write {config_dir() / NAME}:\n\n    store: ~/clips   # or a URL such as s3://bucket/clips",
        )  # fmt: skip
    return found


def find_store(production: Production, typed: str | None = None) -> Store | None:
    """The same; `None` where nobody names one."""
    config = _config()
    said = production.storyboard.store
    workspace = production.workspace
    try:
        mine = typed or os.environ.get(VARIABLE)
        if mine:
            return _trusted(workspace, config, mine, typed=True)
        if said is not None:
            return _said(workspace, config, said)
        return _trusted(workspace, config, config.store, typed=False) if config.store else None
    except StoreError as error:
        raise translated(error) from error


def translated(error: StoreError) -> Expected:
    """How a command ends that could not use its store."""
    if error.missing is not None:
        hint = f"`pip install '{error.missing}'`" if error.missing else None
        return Expected(Exit.USAGE, escape(str(error)), hint)
    if error.refused:
        return Expected(Exit.USAGE, escape(str(error)))
    return Expected(Exit.TEMPORARY, escape(str(error)), "what was moved stays where it is: the same command goes on")


def _config() -> Config:
    found = read_config(config_dir())
    if found.config is None:
        refuse(found.diagnostics, found.sources)
    return found.config


def _said(workspace: Workspace, config: Config, said: str) -> Store:
    """The store of a storyboard: a folder below its own, or a name that the user has given to a store."""
    if said.startswith(_BELOW):
        try:
            parts = parts_of(said.removeprefix(_BELOW))
        except FileRefused as error:
            raise Expected(Exit.REFUSED, f"the storyboard's store `{escape(said)}` {error}") from error
        return FolderStore(workspace.files, workspace.root.joinpath(*parts), said, inside=workspace.root)
    place = config.stores.get(said)
    if place is None:
        raise Expected(
            Exit.USAGE, f"the storyboard keeps its clips in `{escape(said)}`, and your config does not say where it is",
            f"write {config.path}:\n\n    stores:\n      {said}: /folder/of/clips   # or a URL",
        )  # fmt: skip
    return _open(workspace, place, said)


def _trusted(workspace: Workspace, config: Config, word: str, *, typed: bool) -> Store:
    """A store that the user named: a name, a URL or a folder, which may only be relative where it was `typed`."""
    if word in config.stores:
        return _open(workspace, config.stores[word], word)
    if not is_url(word) and os.sep not in word and not word.startswith("~") and not Path(word).is_dir():
        guess = did_you_mean(word, list(config.stores))
        known = ", ".join(f"`{name}`" for name in sorted(config.stores))
        hint = f"did you mean `{guess}`?" if guess else f"there are: {known}" if known else f"{config.path} names none"
        raise Expected(Exit.USAGE, f"there is no store `{escape(word)}`", f"{hint}; a folder is written with `/`")
    return _open(workspace, Place(word), relative=typed)


def _open(workspace: Workspace, place: Place, name: str = "", *, relative: bool = False) -> Store:
    if is_url(place.url):
        return UrlStore(place.url, name or without_secrets(place.url), place.options)
    folder = Path(place.url).expanduser()
    if not folder.is_absolute() and not relative:
        raise StoreError(
            f"the store `{place.url}` is no URL and no whole path of a folder (`/…` or `~/…`)", refused=True
        )
    return FolderStore(workspace.files, folder.absolute(), name or place.url)
