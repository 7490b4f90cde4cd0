"""How a simulator is set up: its command line as data; knows no server and no books."""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_LONGEST_TAIL = 50.0
"""A draw is cut at that many medians, so that nothing takes for ever by chance."""
_WIDEST = 3.0


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a clip takes, in seconds: evenly between `low` and `high`, or log-normal.

    A log-normal one has its median in `low` and the standard deviation of its logarithm in `sigma`.
    """

    low: float
    high: float
    sigma: float | None = None

    def draw(self, source: random.Random) -> float:
        """One length in seconds."""
        if self.sigma is None:
            return source.uniform(self.low, self.high)
        return min(source.lognormvariate(math.log(self.low), self.sigma), self.low * _LONGEST_TAIL)


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
    errors: str = "usual"
    content: str = "bytes"
    ids: str = "plain"
    missing_seconds: str = "refuse"
    upload_lifetime: float = 24 * 3600.0
    url_lifetime: float | None = None
    refunds: str = "full"
    refund_after: float = 60.0
    charge: str = "accept"
    max_in_flight: int | None = None
    list: bool = True
    range: bool = True
    etag: bool = True
    faults: Path | None = None
    webhook_secret: str = ""
    while_parent: bool = False


def _latency(text: str) -> Latency:
    if text.startswith("lognormal:"):
        return _lognormal(text.removeprefix("lognormal:"))
    low, _, high = text.partition("-")
    try:
        span = Latency(float(low), float(high or low))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"`{text}` is neither SECONDS nor MIN-MAX nor lognormal:MEDIAN,SIGMA"
        ) from None
    if not 0 <= span.low <= span.high < float("inf"):
        raise argparse.ArgumentTypeError(f"`{text}` is not a span of time")
    return span


def _lognormal(text: str) -> Latency:
    median, _, sigma = text.partition(",")
    try:
        span = Latency(float(median), float(median), float(sigma or "0.5"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"`lognormal:{text}` is not lognormal:MEDIAN,SIGMA") from None
    if not (0 < span.low < float("inf") and span.sigma is not None and 0 <= span.sigma <= _WIDEST):
        raise argparse.ArgumentTypeError(f"`lognormal:{text}` needs a median above 0 and a sigma from 0 to {_WIDEST}")
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


def _above_zero(what: str) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            seconds = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"`{text}` is not a number of seconds") from None
        if not 0 < seconds < float("inf"):
            raise argparse.ArgumentTypeError(what)
        return seconds

    return read


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:12]) > 0):
        raise argparse.ArgumentTypeError(f"`{text}` is not a count of at least 1")
    return int(text[:12])


def read(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The words of a verb; wrong ones end the program with exit code 2."""
    line = parser()
    words = line.parse_args(arguments)
    if words.verb != "faults" and words.books is None:
        line.error("the following arguments are required: --books")
    return words


def parser() -> argparse.ArgumentParser:
    """The command line of `python -m sorapipe.simulator`."""
    root = argparse.ArgumentParser(
        prog="sorapipe simulator",
        description="A provider in a box: real HTTP, real clips, no money, and books of its own.",
    )
    verbs = root.add_subparsers(dest="verb", required=True)
    serve = verbs.add_parser(
        "serve",
        help="serve on loopback until it is stopped",
        description="Serves all dialects on loopback until Ctrl-C. A run reaches it by a profile of your own with "
        "`extends: simulator-videos` (or another of the simulators), `embedded: false` and `base_url: "
        "http://127.0.0.1:PORT`. Nothing need be served for a run that starts a simulator itself: it takes the same "
        'options from a variable, as in SORAPIPE_SIMULATOR="--latency 5" sorapipe run film.yaml.',
    )
    _books(serve)
    serve.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    serve.add_argument("--while-parent", action="store_true", help="end when stdin closes")
    for describe in (_speed, _money, _features, _trouble):
        describe(serve)
    audit = verbs.add_parser("audit", help="check the books, alone or against locks; exit 1 where something is wrong")
    _books(audit)
    audit.add_argument(
        "--lock",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="compare with what this lock says; may be given again: a charge must be in one of them",
    )
    audit.add_argument(
        "--provider",
        action="append",
        default=[],
        metavar="NAME",
        help="attempts at this provider are ours (default: rehearsals, and providers of which the books know a task)",
    )
    audit.add_argument("--json", action="store_true", help="the findings as data")
    faults = verbs.add_parser("faults", help="what a script of faults can say, and each fault in a line")
    faults.add_argument("--json", action="store_true", help="the same as data")
    faults.add_argument("--check", type=Path, metavar="FILE", help="only read this script, and say what is wrong")
    return root


def _speed(serve: argparse.ArgumentParser) -> None:
    group = serve.add_argument_group("clips and time")
    group.add_argument(
        "--latency",
        type=_latency,
        default=Latency(1.6, 2.4),
        metavar="SECONDS|MIN-MAX|lognormal:MEDIAN,SIGMA",
        help="how long a clip takes (default 1.6-2.4)",
    )
    group.add_argument(
        "--clips", choices=("real", "canned"), default="real", help="canned: one encode for all, for load"
    )
    group.add_argument("--seed", type=int, help="same seed, same task ids, lengths and faults")
    group.add_argument("--rate", type=_rate, metavar="CREATES/SECONDS", help="creates beyond it are answered with 429")
    group.add_argument(
        "--max-in-flight", type=_count, metavar="N", help="creates while N tasks are under way are answered with 429"
    )


def _money(serve: argparse.ArgumentParser) -> None:
    group = serve.add_argument_group("money")
    group.add_argument("--credits", type=_credits, metavar="N", help="credits bought in all (default 100000)")
    group.add_argument(
        "--charge",
        choices=("accept", "start", "success"),
        default="accept",
        help="when a task is paid for: when it is taken (default), when it begins, or when it is done",
    )
    group.add_argument(
        "--refunds",
        choices=("full", "none", "late"),
        default="full",
        help="what a failed task gives back; late: everything, but after --refund-after",
    )
    group.add_argument(
        "--refund-after",
        type=_above_zero("a late refund comes later than at once"),
        default=60.0,
        metavar="SECONDS",
        help="how late a late refund is (default 60)",
    )
    group.add_argument(
        "--key", action="append", default=[], help="take this key only; may be given again: an account each"
    )


def _features(serve: argparse.ArgumentParser) -> None:
    group = serve.add_argument_group("what it can do")
    for name, text in (
        ("--metadata-echo", "whether a query repeats metadata"),
        ("--list", "whether there is a list of tasks (dialect videos)"),
        ("--range", "whether parts of a clip can be asked for"),
        ("--etag", "whether clips come with an ETag"),
    ):
        group.add_argument(name, choices=("on", "off"), default="on", help=f"{text} (default on)")
    group.add_argument(
        "--errors",
        choices=("usual", "status", "body"),
        default="usual",
        help="body: HTTP 200 with the code inside; usual: so in dialect jobs only (dialect videos: never)",
    )
    group.add_argument(
        "--upload-lifetime",
        type=_above_zero("an upload must live for a while"),
        default=24 * 3600.0,
        metavar="SECONDS",
        help="uploads can be used for so long (default a day)",
    )
    _videos(serve)
    group.add_argument(
        "--url-lifetime",
        type=_above_zero("a URL must live for a while"),
        metavar="SECONDS",
        help="result URLs expire after it",
    )
    group.add_argument(
        "--webhook-secret", default="", metavar="TEXT", help="callbacks (to loopback only) are signed with it"
    )


def _videos(serve: argparse.ArgumentParser) -> None:
    group = serve.add_argument_group("dialect videos")
    group.add_argument(
        "--content",
        choices=("bytes", "redirect", "json", "url"),
        default="bytes",
        help="where a clip is: /content gives bytes (default), a redirect or JSON with a URL; url: the video has it",
    )
    group.add_argument(
        "--missing-seconds",
        choices=("refuse", "trap"),
        default="refuse",
        help="a create without seconds; trap: billed as 4 s and rendered as 10 s, as was seen",
    )
    group.add_argument("--ids", choices=("plain", "colon"), default="plain", help="colon: ids hold a `:` (any dialect)")


def _trouble(serve: argparse.ArgumentParser) -> None:
    group = serve.add_argument_group("trouble")
    group.add_argument(
        "--faults",
        type=Path,
        metavar="FILE",
        help="a script of faults in YAML or JSON; `sorapipe simulator faults` lists what it can say. While it serves, "
        "POST /__sim/faults takes another script, DELETE ends it, GET shows how often each rule fired",
    )


def _books(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--books",
        type=Path,
        metavar="FOLDER",
        help="where the books and clips are kept; `sorapipe simulator` knows those of your practice runs by itself",
    )


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
        content=words.content,
        ids=words.ids,
        missing_seconds=words.missing_seconds,
        upload_lifetime=words.upload_lifetime,
        url_lifetime=words.url_lifetime,
        refunds=words.refunds,
        refund_after=words.refund_after,
        charge=words.charge,
        max_in_flight=words.max_in_flight,
        list=words.list == "on",
        range=words.range == "on",
        etag=words.etag == "on",
        faults=words.faults,
        webhook_secret=words.webhook_secret,
        while_parent=words.while_parent,
    )


def parse(arguments: Sequence[str]) -> Options:
    """Options of `serve` from its words; wrong words end the program with exit code 2."""
    return serve_options(read(["serve", *arguments]))
