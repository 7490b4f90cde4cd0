"""`python -m sorapipe.simulator`: starts the server on loopback or audits its books; knows no client."""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Sequence

from sorapipe.simulator.news import News
from sorapipe.simulator.options import Options, read, serve_options

_LAST_WORDS_SECONDS = 3.0
_READER_LEFT = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a verb; returns the exit code."""
    words = read(arguments)
    logging.basicConfig(format="simulator: %(message)s", level=logging.WARNING)
    match words.verb:
        case "audit":
            return _read(_audit, words)
        case "faults":
            return _read(_faults, words)
    return serve(serve_options(words))


def _read(verb: Callable[[Namespace], int], words: Namespace) -> int:
    """What a verb ends with, or as a program does whose reader has gone (`| head`)."""
    try:
        code = verb(words)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _READER_LEFT
    return code


def serve(options: Options) -> int:
    """Serves until SIGTERM, Ctrl-C or, with `while_parent`, the end of stdin; prints its URL when it can be called."""
    import uvicorn

    from sorapipe.simulator.app import Server
    from sorapipe.simulator.faults_rules import WrongScript
    from sorapipe.simulator.wire import Protocol

    try:
        listener = _listen(options.port)
        server = Server(options)
    except WrongScript as wrong:
        for problem in wrong.problems:
            print(f"simulator: {options.faults}: {problem}", file=sys.stderr)
        return 2
    except OSError as problem:
        print(f"simulator: can't start: {problem}", file=sys.stderr)
        return 1
    config = uvicorn.Config(
        server.application(),
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        http=Protocol,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=1,
        server_header=False,
    )
    news = News()
    for speaker in (logging.getLogger("uvicorn.error"), *logging.getLogger().handlers):
        speaker.addFilter(news)
    runner = uvicorn.Server(config)
    if options.while_parent:
        threading.Thread(target=_end_with_parent, args=(runner,), daemon=True).start()
    url = server.callbacks.home = f"http://127.0.0.1:{listener.getsockname()[1]}"
    print(json.dumps({"url": url, "pid": os.getpid()}), flush=True)
    if not options.while_parent and sys.stderr is not None and sys.stderr.isatty():
        print(f"for a profile: `embedded: false`, `base_url: {url}`; Ctrl-C ends it", file=sys.stderr, flush=True)
    try:
        runner.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        server.books.close()
    return 0


def _listen(port: int) -> socket.socket:
    """A listening socket on loopback. asyncio turns Nagle's waiting off only where the protocol is named."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(2048)
    return listener


def _end_with_parent(runner: object) -> None:
    """Reads stdin until its other end is gone, which even a killed parent can't prevent."""
    while os.read(0, 4096):
        pass
    runner.should_exit = True  # type: ignore[attr-defined]
    threading.Timer(_LAST_WORDS_SECONDS, os._exit, (0,)).start()


def _faults(words: Namespace) -> int:
    """Prints the catalogue, or what is wrong with a script."""
    from sorapipe.simulator import faults_book
    from sorapipe.simulator.faults_rules import WrongScript, from_file

    if words.check is None:
        print(json.dumps(faults_book.as_json(), indent=1) if words.json else faults_book.text())
        return 0
    try:
        script = from_file(words.check)
    except WrongScript as wrong:
        for problem in wrong.problems:
            print(f"simulator: {words.check}: {problem}", file=sys.stderr)
        return 2
    print(f"{words.check}: {len(script.rules)} rules, all sound")
    return 0


def _audit(words: Namespace) -> int:
    from sorapipe.simulator.audit_report import report

    if not (words.books / "books.sqlite").exists():
        print(f"simulator: there are no books in {words.books}", file=sys.stderr)
        return 2
    found = report(words.books, words.lock, frozenset(words.provider))
    if isinstance(found, str):
        print(f"simulator: {found}", file=sys.stderr)
        return 2
    print(json.dumps(found.as_json(), ensure_ascii=False, indent=1) if words.json else found.text())
    return 0 if found.clean else 1


if __name__ == "__main__":
    sys.exit(main())
