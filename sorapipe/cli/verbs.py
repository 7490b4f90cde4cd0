"""The table of verbs: where each lives and its line in the help; imports none of them.

It also holds what people try first in its place. Verbs that are planned are named so that they can be
answered honestly; no help lists them.
"""

from __future__ import annotations

from typing import NamedTuple


class Verb(NamedTuple):
    """A verb's module in this folder and its line in the help."""

    module: str
    line: str


VERBS: dict[str, Verb] = {
    "init": Verb("init", "Write a small storyboard that runs as it is."),
    "validate": Verb("validate", "Read storyboards and say all that is wrong with them."),
    "plan": Verb("plan", "Show what would be rendered, why, and at what price."),
    "run": Verb("run", "Render what is missing or was edited; goes on by itself after a break."),
    "status": Verb("status", "Show the takes of each shot and what needs attention."),
    "why": Verb("why", "Say what makes a clip out of date, where, and what can be done."),
    "graph": Verb("graph", "Draw what depends on what: mermaid, dot or svg."),
    "roll": Verb("roll", "Buy another take of a shot."),
    "pick": Verb("pick", "Choose the take of a shot that is in the film."),
    "ng": Verb("ng", "Mark a take as no good."),
    "accept": Verb("accept", "Keep a clip that is out of date as it is."),
    "adopt": Verb("adopt", "Give an uncertain take its task, or a shot a clip from elsewhere."),
    "resubmit": Verb("resubmit", "Send again what is uncertain, though it may have been paid."),
    "fetch": Verb("fetch", "Bring clips that were paid and are not here."),
    "push": Verb("push", "Copy the clips of the lock into a store."),
    "pull": Verb("pull", "Bring the clips of the lock out of a store."),
    "gc": Verb("gc", "List or delete clips that the film does not need."),
    "verify": Verb("verify", "Check every clip of the film against lock and storyboard."),
    "lock": Verb("lock", "Check, resolve and merge lock files."),
    "schema": Verb("schema", "Print the JSON Schema of storyboards for your editor."),
    "providers": Verb("providers", "List the providers and what they can do."),
    "credits": Verb("credits", "Ask the provider for the balance."),
    "simulator": Verb("simulator", "Serve the simulator, a provider for practice."),
    "doctor": Verb("doctor", "Check this machine: folders, locks, codecs, keys."),
    "completion": Verb("completion", "Print the completion script for your shell."),
}

SYNONYMS: dict[str, str] = {
    "render": "run",
    "apply": "run",
    "generate": "run",
    "resume": "run",
    "start": "run",
    "retake": "roll",
    "redo": "roll",
    "select": "pick",
    "circle": "pick",
    "lint": "validate",
    "check": "validate",
    "new": "init",
    "ls": "status",
    "list": "status",
    "open": "review",
    "view": "review",
    "diff": "plan",
    "explain": "why",
    "blame": "why",
    "cost": "plan",
    "balance": "credits",
    "profiles": "providers",
    "clean": "gc",
    "prune": "gc",
    "upload": "push",
    "download": "pull",
    "serve": "simulator serve",
    "merge": "lock resolve",
    "resolve": "lock resolve",
    "version": "--version",
    "help": "--help",
}

LATER: dict[str, str | None] = {
    "report": "`sorapipe status` lists the takes",
    "review": "`sorapipe status` names the clips; open them in your player",
    "frames": None,
    "film": "`sorapipe status` lists the clips in the order of the film; join them in your editor",
    "export": None,
    "import": None,
}
"""Verbs of later versions, and what does part of the job now."""


class Instead(NamedTuple):
    """The answer to an option that doesn't exist: what to say, and the command with `{}` for the other words."""

    message: str
    hint: str


OPTIONS: dict[str, Instead] = {
    "--dry-run": Instead("`--dry-run` is a verb of its own", "to see what would happen: `sorapipe plan{}`"),
    "-n": Instead("`-n` is a verb of its own", "to see what would happen: `sorapipe plan{}`"),
    "--force": Instead("nothing is bought twice by force", "for another take of a shot: `sorapipe roll{}`"),
    "-f": Instead("nothing is bought twice by force", "for another take of a shot: `sorapipe roll{}`"),
    "--only": Instead("shots are named without an option", "`sorapipe {verb}{}`"),
    "--target": Instead("shots are named without an option", "`sorapipe {verb}{}`"),
    "--shot": Instead("shots are named without an option", "`sorapipe {verb}{}`"),
    "--var": Instead(
        "a storyboard is whole in its files, so that the lock can be trusted",
        "write a small file that includes the first and sets `vars`:"
        "\n\n    sorapipe: 1\n    include: [storyboard.yaml]\n    vars: {name: value}",
    ),
    "--env": Instead(
        "nothing of the environment goes into a request",
        "write a small file that includes the first and sets `vars`",
    ),
    "--store": Instead(
        "`--store` is for moving clips: `push`, `pull` and `gc` have it",
        "put `SORAPIPE_STORE=STORE` before `sorapipe {verb}`",
    ),
    "--resume": Instead("a run goes on by itself", "`sorapipe run{}`"),
    "--output": Instead("clips are in `renders/`, beside the storyboard", "`sorapipe status{}` names them"),
    "-o": Instead("clips are in `renders/`, beside the storyboard", "`sorapipe status{}` names them"),
    "--key": Instead(
        "keys are never given on the command line",
        "put it into the environment variable that `sorapipe providers show NAME` names",
    ),
    "--api-key": Instead(
        "keys are never given on the command line",
        "put it into the environment variable that `sorapipe providers show NAME` names",
    ),
    "--budget": Instead("the limit is called `--max-cost`", "`sorapipe {verb} --max-cost N`"),
    "--max-price": Instead("the limit is called `--max-cost`", "`sorapipe {verb} --max-cost N`"),
}
OPTIONS["--filter"] = OPTIONS["--only"]
OPTIONS["-v"] = Instead("`-v` means nothing here", "for the version: `sorapipe --version`")
OPTIONS["--set"] = OPTIONS["--var"]

WITH_VALUE = frozenset({"--only", "--target", "--shot", "--filter"})
"""Wrong options whose value is a shot, which the hint shows as a word."""
