"""Where secrets come from: the environment, else the user's own file of keys; prints none of them."""

from __future__ import annotations

import os

from sorapipe.cli.failures import Exit, Expected
from sorapipe.state.keys import KeysUnusable, read_keys
from sorapipe.state.workspace import config_dir

FILE = "keys"


def secret(variable: str) -> str | None:
    """The value of a variable, or what the file of keys says for it; `None` for neither. Raises `Expected` (6) for a
    file that can't be believed."""
    text = os.environ.get(variable)
    if text is not None:
        return text
    try:
        return read_keys(config_dir() / FILE).get(variable)
    except KeysUnusable as error:
        raise Expected(Exit.AUTHENTICATION, str(error), error.hint) from error


def has(variable: str) -> bool:
    """Whether there is such a secret; a file that can't be believed holds none."""
    try:
        return bool(secret(variable))
    except Expected:
        return False


def everything() -> dict[str, str]:
    """The whole file of keys; empty where it can't be believed."""
    try:
        return read_keys(config_dir() / FILE)
    except KeysUnusable:
        return {}


def how_to_set(variable: str) -> str:
    """What to do about a secret that is missing."""
    return f"`export {variable}=…`, or a line `{variable}=…` in {config_dir() / FILE}, a file that only you can read"
