"""`python -m tests.campaign crash|faults|files|worlds|broken …`: finds the module of a sub-command; knows no campaign.

A sub-command is a module of this package with `add(parser)`, which adds its options, and `main(words) -> int`, which
carries it out, prints a table and returns 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMMANDS = {
    "crash": "kill a run at each persistence point, at random times, in pairs, by signals",
    "crowd": "start many runs at once on one storyboard",
    "faults": "every fault of a provider, at every call",
    "files": "a disk that refuses, tears, drops and reorders",
    "worlds": "whole runs in virtual worlds, a seed each",
    "merges": "random histories of two clones with real git, merged in three ways",
    "broken": "clients that are wrong on purpose must be caught",
}


def main(arguments: list[str] | None = None) -> int:
    """Runs a sub-command; only its own module is imported."""
    arguments = sys.argv[1:] if arguments is None else arguments
    tests = str(HERE.parent)
    if tests not in sys.path:  # modules of tests have one name, however they are reached
        sys.path.insert(0, tests)
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="|".join(COMMANDS))
    found = {}
    for name, text in COMMANDS.items():
        verb = verbs.add_parser(name, help=text, description=text)
        if arguments[:1] == [name]:
            found[name] = import_module(f"campaign.{name}")
            found[name].add(verb)
    words = parser.parse_args(arguments)
    return int(found[words.verb].main(words))


if __name__ == "__main__":
    sys.exit(main())
