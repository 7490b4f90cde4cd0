"""The real disk: fills the file layer with system calls; knows nothing of what the bytes mean or who asks."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sorapipe.state.files import Handle, Stamp, StateError
from sorapipe.storyboard.source import FileRefused

CHUNK = 1 << 20
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROCESS = os.urandom(16).hex()
PROBES = 5
"""How often a lock is tried: a look at it by `is_locked` holds it for an instant."""
NAMELESS = 200
"""How often one is tried again, as long as its holder has not come to write down who it is."""


@contextmanager
def _told(doing: str, path: Path) -> Iterator[None]:
    """Turns what the system says into a `StateError`."""
    try:
        yield
    except StateError:
        raise
    except (OSError, ValueError) as error:
        number = error.errno if isinstance(error, OSError) else None
        raise StateError(doing, path, os.strerror(number).lower() if number else str(error), number) from error


class Disk:
    """The real disk."""

    def reach(self, point: str) -> None:
        """A persistence point is passed. Nothing happens."""

    def boot(self) -> str:
        """See `Files.boot`. Where the system does not tell, each process has a name of its own."""
        try:
            return _BOOT.read_text("ascii").strip()
        except (OSError, ValueError):
            return _PROCESS

    def read(self, path: Path) -> bytes | None:
        """See `Files.read`."""
        with _told("read", path):
            try:
                number = os.open(path, _READ)
            except FileNotFoundError:
                return None
            with os.fdopen(number, "rb") as file:
                if not stat.S_ISREG(os.fstat(number).st_mode):
                    raise StateError("read", path, "not a regular file")
                return file.read()

    def read_below(self, root: Path, parts: Sequence[str], limit: int) -> bytes:
        """See `Files.read_below`."""
        number = open_below(root, parts)
        try:
            return _read_regular(number, limit)
        except OSError as error:
            raise FileRefused(f"can't be read: {(error.strerror or str(error)).lower()}") from error
        finally:
            os.close(number)

    def stamp(self, path: Path) -> Stamp | None:
        """See `Files.stamp`."""
        found = self._look(path)
        return found and Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def size(self, path: Path) -> int | None:
        """See `Files.size`."""
        found = self._look(path)
        return found.st_size if found is not None and stat.S_ISREG(found.st_mode) else None

    def sizes(self, folder: Path) -> dict[str, int]:
        """See `Files.sizes`."""
        found: dict[str, int] = {}
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    look = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(look.st_mode):
                        found[entry.name] = look.st_size
        except OSError:
            return found
        return found

    def digest(self, path: Path) -> str | None:
        """See `Files.digest`."""
        if self.size(path) is None:
            return None
        digest = hashlib.sha256()
        with _told("read", path), os.fdopen(os.open(path, _READ), "rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    def real_folder(self, path: Path) -> bool | None:
        """See `Files.real_folder`."""
        found = self._look(path)
        return None if found is None else stat.S_ISDIR(found.st_mode)

    def names(self, folder: Path) -> list[str]:
        """See `Files.names`."""
        try:
            return sorted(path.name for path in folder.iterdir())
        except OSError:
            return []

    def make_folder(self, path: Path, *, private: bool = False) -> None:
        """See `Files.make_folder`."""
        if path.is_dir():
            return
        self.make_folder(path.parent, private=private)
        with _told("make the folder", path):
            path.mkdir(mode=0o700 if private else 0o777, exist_ok=True)
        self.sync_folder(path.parent)

    def open(self, path: Path, *, keep: int | None = None, private: bool = False) -> Handle:
        """See `Files.open`."""
        with _told("open", path):
            number = os.open(path, _WRITE, 0o600 if private else 0o666)
            try:
                if not stat.S_ISREG(os.fstat(number).st_mode):
                    raise StateError("write to", path, "not a regular file")
                if keep is not None:
                    os.ftruncate(number, keep)
            except BaseException:
                os.close(number)
                raise
        return Handle(path, number)

    def append(self, handle: Handle, data: bytes, before: str = "", after: str = "") -> None:
        """See `Files.append`."""
        self.reach(before)
        with _told("write to", handle.path):
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(handle.number, rest) :]
        self.reach(after)

    def sync(self, handle: Handle, before: str = "", after: str = "") -> None:
        """See `Files.sync`."""
        self.reach(before)
        with _told("sync", handle.path):
            _sync_data(handle.number)
        self.reach(after)

    def close(self, handle: Handle) -> None:
        """See `Files.close`."""
        with _told("close", handle.path):
            os.close(handle.number)

    def replace(self, source: Path, target: Path, before: str = "", after: str = "") -> None:
        """See `Files.replace`."""
        self.reach(before)
        with _told("replace", target):
            source.replace(target)
        self.reach(after)

    def put_new(self, source: Path, target: Path, before: str = "", after: str = "") -> bool:
        """See `Files.put_new`."""
        self.reach(before)
        with _told("make", target):
            try:
                os.link(source, target, follow_symlinks=False)
                source.unlink()
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                if os.path.lexists(target):
                    return False
                source.rename(target)
        self.reach(after)
        return True

    def sync_folder(self, path: Path, before: str = "", after: str = "") -> None:
        """See `Files.sync_folder`."""
        self.reach(before)
        if os.name == "posix":
            with _told("sync the folder", path):
                number = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                try:
                    os.fsync(number)
                finally:
                    os.close(number)
        self.reach(after)

    def remove(self, path: Path) -> None:
        """See `Files.remove`."""
        with _told("remove", path):
            path.unlink(missing_ok=True)

    def take_lock(self, path: Path, who: bytes) -> Handle | None:
        """See `Files.take_lock`."""
        with _told("lock", path):
            number = os.open(path, _WRITE & ~os.O_APPEND, 0o600)
            try:
                for again in range(1, PROBES + NAMELESS):
                    if _flock(number, shared=False):
                        os.ftruncate(number, 0)
                        os.pwrite(number, who, 0)
                        return Handle(path, number)
                    if again >= PROBES and (not who or os.fstat(number).st_size):
                        break
                    time.sleep(0.01)
            except BaseException:
                os.close(number)
                raise
            os.close(number)
            return None

    def release(self, handle: Handle) -> None:
        """See `Files.release`."""
        with _told("unlock", handle.path):
            try:
                os.ftruncate(handle.number, 0)
            finally:
                os.close(handle.number)

    def is_locked(self, path: Path) -> bool:
        """See `Files.is_locked`."""
        with _told("look at the lock", path):
            try:
                number = os.open(path, _READ)
            except FileNotFoundError:
                return False
            try:
                return not _flock(number, shared=True)
            finally:
                os.close(number)

    def _look(self, path: Path) -> os.stat_result | None:
        with _told("look at", path):
            try:
                return os.lstat(path)
            except (FileNotFoundError, NotADirectoryError):
                return None


def pieces(path: Path) -> Iterator[bytes]:
    """The bytes of a regular file, never through a link. Raises `StateError`."""
    with _told("read", path), os.fdopen(os.open(path, _READ), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise StateError("read", path, "not a regular file")
        while piece := file.read(CHUNK):
            yield piece


def open_below(root: Path, parts: Sequence[str]) -> int:
    """Opens a regular file for reading, folder by folder, without following a link. Raises `FileRefused`."""
    if root.is_relative_to("/proc") or root.is_relative_to("/sys") or root.is_relative_to("/dev"):
        raise FileRefused("lies in a folder of the system, not on a disk")
    folder = -1
    try:
        folder = os.open(root, _FOLDER)
        for part in parts[:-1]:
            deeper = os.open(part, _FOLDER | _NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = deeper
        number = os.open(parts[-1], _READ, dir_fd=folder)
    except (OSError, ValueError) as error:
        raise FileRefused(_why_not(error)) from error
    finally:
        if folder >= 0:
            os.close(folder)
    kind = os.fstat(number).st_mode
    if not stat.S_ISREG(kind):
        os.close(number)
        raise FileRefused("is a folder" if stat.S_ISDIR(kind) else "is not a regular file")
    return number


def _read_regular(number: int, limit: int) -> bytes:
    size = os.fstat(number).st_size
    pieces: list[bytes] = []
    left = limit + 1
    while left > 0 and (piece := os.read(number, min(max(size, 1 << 16), left))):
        pieces.append(piece)
        left -= len(piece)
    if left <= 0:
        raise FileRefused(f"is larger than {_large(limit)}")
    return b"".join(pieces)


def _large(limit: int) -> str:
    return f"{limit >> 20} MB" if limit >> 20 else f"{limit} bytes"


def _why_not(error: OSError | ValueError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number in {errno.ENOENT, None}:
        return "does not exist"
    if number in {errno.ELOOP, errno.EMLINK}:
        return "is a symbolic link"
    if number == errno.ENOTDIR:
        return "lies in something that is not a folder, or in a symbolic link to one"
    return f"can't be read: {os.strerror(number or 0).lower()}"


def _flock(number: int, *, shared: bool) -> bool:
    """Locks an open file until it is closed, or says that another process has it."""
    try:
        import fcntl
    except ImportError:  # not POSIX: one byte far behind the end, for readers must still see who holds it
        import msvcrt

        os.lseek(number, 1 << 30, os.SEEK_SET)
        locking, mode = getattr(msvcrt, "locking"), getattr(msvcrt, "LK_NBLCK")  # noqa: B009
        try:
            locking(number, mode, 1)
        except OSError:
            return False
        return True
    try:
        fcntl.flock(number, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EACCES, errno.EAGAIN}:
            return False
        raise
    return True


_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_COMMON = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_READ = os.O_RDONLY | _NOFOLLOW | _COMMON
_WRITE = os.O_RDWR | os.O_CREAT | os.O_APPEND | _NOFOLLOW | _COMMON
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _COMMON
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}
_sync_data = getattr(os, "fdatasync", os.fsync)
