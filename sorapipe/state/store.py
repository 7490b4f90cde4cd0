"""Stores of clips by sha256, in a folder or behind a URL: the one room that knows fsspec; knows no shots and no lock.

A clip is `ab/cdef….mp4`, named by its digest. It is written beside its place and renamed when it is whole: in a folder
never over another file; behind a URL as the service renames, which may put it in the place of the same clip. What a
store gives is believed by whoever compares the digest, not here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from sorapipe.state.disk import CHUNK, pieces
from sorapipe.state.files import Files, StateError

_DIGEST = re.compile(r"[0-9a-f]{64}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?:::[A-Za-z][A-Za-z0-9+.-]*)*://")
_USER = re.compile(r"(://)[^/\s]*@")


class StoreError(Exception):
    """A store could not be used. `missing` names what must be installed for it, `refused` says that trying again is of
    no use."""

    def __init__(self, text: str, *, missing: str | None = None, refused: bool = False) -> None:
        super().__init__(text)
        self.missing = missing
        self.refused = refused


class Store(Protocol):
    """Where clips are kept. `shown` is how it is called to people. Raises `StoreError` and `StateError`."""

    shown: str

    def size(self, sha256: str) -> int | None:
        """The bytes of what lies under a digest; `None` where nothing does."""

    def write(self, sha256: str, data: Iterable[bytes]) -> None:
        """Keeps a clip, whole or not at all; what `data` raises is raised again and nothing is kept."""

    def read(self, sha256: str) -> Iterator[bytes]:
        """The bytes that lie under a digest, in pieces."""


def is_url(text: str) -> bool:
    """Whether a text is a URL and not a folder."""
    return _SCHEME.match(text) is not None


def without_secrets(url: str) -> str:
    """A URL as it may be shown: no user, no password, no query."""
    return _USER.sub(r"\1", url).partition("?")[0]


def _name(sha256: str) -> tuple[str, str]:
    if not _DIGEST.fullmatch(sha256):
        raise StoreError(f"`{sha256[:80]}` is no sha256, so no store can have it", refused=True)
    return sha256[:2], f"{sha256[2:]}.mp4"


class FolderStore:
    """A folder. `root` exists already, or is made below `inside`: then no folder on the way may be a link."""

    def __init__(self, files: Files, root: Path, shown: str, inside: Path | None = None) -> None:
        self.shown = shown
        self._files = files
        self._root = root
        self._inside = inside
        self._check()

    def _check(self) -> None:
        if self._inside is None:
            if not self._root.is_dir():
                raise StoreError(f"there is no folder `{self._root}`: make it, or is its disk not here?", refused=True)
            return
        folder = self._inside
        for part in self._root.relative_to(self._inside).parts:
            folder = folder / part
            if self._files.real_folder(folder) is False:
                raise StoreError(f"`{folder}` is a symbolic link or a file, not a folder", refused=True)

    def _path(self, sha256: str) -> Path:
        shelf, name = _name(sha256)
        folder = self._root / shelf
        if self._files.real_folder(folder) is False:
            raise StoreError(f"`{folder}` is a symbolic link or a file, not a folder", refused=True)
        return folder / name

    def size(self, sha256: str) -> int | None:
        """See `Store.size`."""
        return self._files.size(self._path(sha256))

    def write(self, sha256: str, data: Iterable[bytes]) -> None:
        """See `Store.write`."""
        self._check()
        target = self._path(sha256)
        self._files.make_folder(target.parent)
        part = target.with_name(f".{target.name}.{uuid4().hex[:12]}.part")
        try:
            handle = self._files.open(part, keep=0)
            try:
                for piece in data:
                    self._files.append(handle, piece)
                self._files.sync(handle)
            finally:
                self._files.close(handle)
            if not self._files.put_new(part, target):
                self._files.remove(part)
        except BaseException:
            with suppress(StateError):
                self._files.remove(part)
            raise
        self._files.sync_folder(target.parent)

    def read(self, sha256: str) -> Iterator[bytes]:
        """See `Store.read`."""
        return pieces(self._path(sha256))


class UrlStore:
    """Anything that fsspec reaches."""

    def __init__(self, url: str, shown: str, options: Mapping[str, object] | None = None) -> None:
        self.shown = shown
        self._fs, self._root = _reach(url, shown, dict(options or {}))

    def size(self, sha256: str) -> int | None:
        """See `Store.size`."""
        path = self._path(sha256)
        try:
            size = self._fs.info(path).get("size")
        except FileNotFoundError:
            return None
        except Exception as error:
            raise self._failed("look into", error) from error
        return None if size is None else int(size)

    def write(self, sha256: str, data: Iterable[bytes]) -> None:
        """See `Store.write`."""
        target = self._path(sha256)
        part = f"{target}.{uuid4().hex[:12]}.part"
        wrapped = _Guarded(data)
        try:
            self._fs.makedirs(target.rpartition("/")[0], exist_ok=True)
            with self._fs.open(part, "wb") as file:
                for piece in wrapped:
                    file.write(piece)
            self._fs.mv(part, target)
            if self.size(sha256) != wrapped.size:
                self._tidy(target)
                raise StoreError(f"`{self.shown}` did not keep a whole clip")
        except BaseException as error:
            self._tidy(part)
            if wrapped.raised is not None:
                raise wrapped.raised from None
            if isinstance(error, StoreError) or not isinstance(error, Exception):
                raise
            raise self._failed("write to", error) from error

    def read(self, sha256: str) -> Iterator[bytes]:
        """See `Store.read`."""
        path = self._path(sha256)
        try:
            with self._fs.open(path, "rb") as file:
                while piece := file.read(CHUNK):
                    yield piece
        except Exception as error:
            raise self._failed("read from", error) from error

    def _path(self, sha256: str) -> str:
        return "/".join((self._root.rstrip("/"), *_name(sha256)))

    def _tidy(self, part: str) -> None:
        with suppress(Exception):  # what is left of it has a name that nobody asks for
            self._fs.rm_file(part)

    def _failed(self, doing: str, error: Exception) -> StoreError:
        if isinstance(error, NotImplementedError):
            return StoreError(f"`{self.shown}` can't be written to", refused=True)
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        return StoreError(f"can't {doing} `{self.shown}`: {without_secrets(said)}")


class _Guarded:
    """Tells what went wrong with the data apart from what went wrong with the store; counts the bytes."""

    def __init__(self, data: Iterable[bytes]) -> None:
        self._data = data
        self.size = 0
        self.raised: BaseException | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._data:
                self.size += len(piece)
                yield piece
        except GeneratorExit:
            raise
        except BaseException as error:
            self.raised = error
            raise


def _reach(url: str, shown: str, options: dict[str, object]) -> tuple[Any, str]:
    """The file system behind a URL, as fsspec makes it, and the path there. Raises `StoreError`."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        text = f"a store behind a URL such as `{shown}` needs fsspec"
        raise StoreError(text, missing="sorapipe[store]", refused=True) from None
    try:
        fs, path = url_to_fs(url, **options)
    except ImportError as error:
        raise StoreError(f"`{shown}` needs a package that is not here: {error}", missing="", refused=True) from error
    except Exception as error:
        raise StoreError(
            f"`{shown}` is no store that can be reached: {without_secrets(str(error))}", refused=True
        ) from error
    return fs, str(path)
