"""How a simulator is set up: its command line as data; knows no server and no books."""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a clip takes, in seconds: evenly between `low` and `high`."""

    low: float
    high: float

    def draw(self, source: random.Random) -> float:
        """One length in seconds."""
        return source.uniform(self.low, self.high)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `creates` accepted creates in any window of `seconds`."""

    creates: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Options:
    """Everything a simulator can be told; the defaults are a friendly provider."""

    books: Path
    port: int = 0
    latency: Latency = Latency(1.6, 2.4)
    clips: str = "real"
    credits: int | None = None
    seed: int | None = None
    rate: Rate | None = None
    metadata_echo: bool = True
    keys: tuple[str, ...] = ()
    errors: str = "status"
    url_lifetime: float | None = None
    refunds: str = "full"
    while_parent: bool = False


def _latency(text: str) -> Latency:
    low, _, high = text.partition("-")
    try:
        span = Latency(float(low), float(high or low))
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is neither SECONDS nor MIN-MAX") from None
    if not 0 <= span.low <= span.high < float("inf"):
        raise argparse.ArgumentTypeError(f"`{text}` is not a span of time")
    return span


def _rate(text: str) -> Rate:
    creates, _, seconds = text.partition("/")
    try:
        rate = Rate(int(creates), float(seconds or "1"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is not CREATES/SECONDS, for example 20/10") from None
    if rate.creates < 1 or not 0 < rate.seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"`{text}` allows no create at all")
    return rate


def _credits(text: str) -> int:
    try:
        credits = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is not a whole number of credits") from None
    if credits < 0:
        raise argparse.ArgumentTypeError("credits can't be fewer than none")
    return credits


def _lifetime(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is not a number of seconds") from None
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError("a URL must live for a while")
    return seconds


def parser() -> argparse.ArgumentParser:
    """The command line of `python -m sorapipe.simulator`."""
    root = argparse.ArgumentParser(
        prog="sorapipe simulator",
        description="A provider in a box: real HTTP, real clips, no money, and books of its own.",
    )
    verbs = root.add_subparsers(dest="verb", required=True)
    serve = verbs.add_parser("serve", help="serve on loopback until it is stopped")
    _books(serve)
    serve.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    serve.add_argument("--latency", type=_latency, default=Latency(1.6, 2.4), metavar="SECONDS|MIN-MAX")
    serve.add_argument(
        "--clips", choices=("real", "canned"), default="real", help="canned: one encode for all, for load"
    )
    serve.add_argument("--credits", type=_credits, metavar="N", help="credits bought in all (default 100000)")
    serve.add_argument("--seed", type=int, help="same seed, same task ids and lengths")
    serve.add_argument("--rate", type=_rate, metavar="CREATES/SECONDS", help="creates beyond it are answered with 429")
    serve.add_argument("--metadata-echo", choices=("on", "off"), default="on", help="whether a query repeats metadata")
    serve.add_argument(
        "--key", action="append", default=[], help="take this key only; may be given again: an account each"
    )
    serve.add_argument(
        "--errors", choices=("status", "body"), default="status", help="body: HTTP 200 with the code inside"
    )
    serve.add_argument("--url-lifetime", type=_lifetime, metavar="SECONDS", help="result URLs expire after it")
    serve.add_argument("--refunds", choices=("full", "none"), default="full", help="what a failed task gives back")
    serve.add_argument("--while-parent", action="store_true", help="end when stdin closes")
    audit = verbs.add_parser("audit", help="check the books; exit 1 where something is wrong")
    _books(audit)
    return root


def _books(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--books", type=Path, required=True, metavar="FOLDER", help="where the books and clips are kept")


def serve_options(words: argparse.Namespace) -> Options:
    """The parsed words of `serve` as options."""
    return Options(
        books=words.books,
        port=words.port,
        latency=words.latency,
        clips=words.clips,
        credits=words.credits,
        seed=words.seed,
        rate=words.rate,
        metadata_echo=words.metadata_echo == "on",
        keys=tuple(words.key),
        errors=words.errors,
        url_lifetime=words.url_lifetime,
        refunds=words.refunds,
        while_parent=words.while_parent,
    )


def parse(arguments: Sequence[str]) -> Options:
    """Options of `serve` from its words; wrong words end the program with exit code 2."""
    return serve_options(parser().parse_args(["serve", *arguments]))
