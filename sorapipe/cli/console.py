"""The only way out: turns whatever ends a command into an exit code and a message; knows no verb by itself.

Three kinds of ends: expected (a message and a hint), interrupted (a signal), and a bug (a report that can be sent).
"""

from __future__ import annotations

import errno
import gc
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from sorapipe import __version__
from sorapipe.cli.failures import Exit, Expected, Quit, Signalled

if TYPE_CHECKING:
    import click


_LONGEST_SAID = 1500
"""Characters of one message: a hostile file may have put a book into a name."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and leaves the process with its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _settle()
    gc.disable()  # reading and planning leave hardly any garbage; a run turns it on again when it begins to wait
    code = run(words)
    gc.freeze()  # so that nothing is looked through once more at the very end
    sys.exit(_flush(code))


def _settle() -> None:
    """Standard streams that can be used: a closed one would lend its number to the next file, perhaps the journal, and
    whatever is said aloud would be written into that."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that this terminal can't write is no reason to end
            stream.reconfigure(errors="backslashreplace")


def run(words: Sequence[str]) -> int:
    """Runs the command line and returns its exit code; no exception leaves it."""
    if list(words) in (["--version"], ["-V"]):
        print(f"sorapipe {__version__}")
        return Exit.DONE
    try:
        return _verb(list(words))
    except KeyboardInterrupt:
        say("interrupted")
        return Exit.INTERRUPTED
    except Signalled as signal:
        say("ended by a signal")
        return 128 + signal.number
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:
        return Exit.HANGUP if _terminal_left(error) else _failed(error, words)


def say(message: str, hint: str | None = None, *, level: str = "error") -> None:
    """Writes an expected end to standard error: `error: …`, an empty line, `hint: …`."""
    from sorapipe.storyboard.diagnostics import escape
    from sorapipe.views.ink import paint

    colour = {"error": "red", "warning": "yellow"}.get(level, "cyan")
    head = paint(f"{level}:", colour, "bold", stream=sys.stderr)
    shown = message if len(message) <= _LONGEST_SAID else f"{message[:_LONGEST_SAID]}…"
    text = f"{head} {_fitted(escape(shown, newlines=True), len(level) + 2)}"
    if hint:
        text += f"\n\n{paint('hint:', 'cyan', stream=sys.stderr)} {_fitted(escape(hint, newlines=True), len('hint: '))}"
    with suppress(OSError):  # where standard error is full or gone the exit code still tells
        print(text, file=sys.stderr)


def _fitted(text: str, indent: int) -> str:
    """A text behind a word of so many columns, in lines that fit where people read it; indented lines stay whole."""
    if not sys.stderr.isatty():
        return text
    import shutil

    from sorapipe.views.folding import folded

    columns = shutil.get_terminal_size((100, 24)).columns
    first, *rest = text.split("\n")
    lines = [line if line.startswith("  ") else folded(line, columns, 0) for line in rest]
    return "\n".join([folded(first, columns, indent), *lines])


def _verb(words: list[str]) -> int:
    import click

    from sorapipe.cli.group import sorapipe
    from sorapipe.cli.signals import listening

    try:
        with listening():
            ended = sorapipe.main(args=words, prog_name="sorapipe", standalone_mode=False)
    except SystemExit as end:  # the library's answer to a reader that has gone, or the end of a completion
        if type(sys.stdout).__name__.endswith("PacifyFlushWrapper"):
            return _reader_left()
        return end.code if isinstance(end.code, int) else Exit.DONE
    except click.exceptions.Abort:
        say("interrupted")
        return Exit.INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.ctx.get_help() if error.ctx else error.format_message(), file=sys.stderr)
        return Exit.USAGE
    except click.ClickException as error:
        return _misused(error)
    return ended if isinstance(ended, int) else Exit.DONE


def _misused(error: click.ClickException) -> int:
    """A word that click didn't understand, or that a verb refused."""
    import click

    message = error.format_message().strip()
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "sorapipe"
    hint = getattr(error, "hint", None) or f"`{path} --help` shows an example"
    message = message[:1].lower() + message[1:].rstrip(".")
    say(message if hasattr(error, "hint") else _in_our_style(message), hint)
    return Exit.USAGE


def _in_our_style(message: str) -> str:
    """The library puts words in `'`; we put them in backticks."""
    import re

    return re.sub(r"'([^']*)'", r"`\1`", message)


def _failed(error: Exception, words: Sequence[str]) -> int:
    if isinstance(error, Quit):
        return error.code
    if isinstance(error, Expected):
        say(error.message, error.hint)
        return error.code
    from sorapipe.cli.translate import expected

    known = expected(error)
    if known is not None:
        say(known.message, known.hint)
        return known.code
    from sorapipe.cli.bug import report
    from sorapipe.storyboard.diagnostics import escape

    with suppress(OSError):
        print(escape(report(error, words), newlines=True), file=sys.stderr)
    return Exit.BUG


def _flush(code: int) -> int:
    """Standard output may be closed by its reader before all is written: then there is nobody to tell."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = code or _reader_left()
    except OSError as error:
        if not _terminal_left(error):
            say(f"writing to standard output: {error.strerror}")
            return Exit.DISK
        code = code or Exit.HANGUP
    _hush()
    return code


def _terminal_left(error: Exception) -> bool:
    """Whether a terminal was closed while we wrote to it. Our own files have names, and errors of their own."""
    return type(error) is OSError and error.errno == errno.EIO and error.filename is None


def _reader_left() -> int:
    """Whoever read our output has gone (`| head`); as quiet as a program killed by SIGPIPE."""
    _hush()
    return 141


def _hush() -> None:
    """What can't be written any more is given up, so that the end of the process doesn't try it again."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
