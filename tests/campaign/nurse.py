"""A process that has everything imported and starts clients for tests, which have threads and must not fork.

One JSON line in, one out: words, folder, environment and haste; then how the command ended. Run as a module.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from campaign.warm import Client, Ended, warm_up

_TESTS = Path(__file__).resolve().parents[1]


class Nurse:
    """Speaks to the process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, words: Sequence[str], folder: Path, environment: Mapping[str, str], haste: float) -> Ended:
        """Runs a command to its end. Raises `TimeoutError` where it hangs."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the nurse has no pipes")
        print(json.dumps([list(words), str(folder), dict(environment), haste]), file=stdin, flush=True)
        told: dict[str, Any] = json.loads(stdout.readline())
        if "hangs" in told:
            raise TimeoutError(told["hangs"])
        return Ended(**told)


@contextmanager
def nursing() -> Iterator[Nurse]:
    """The process, until the context ends or we do."""
    line = [sys.executable, "-m", "campaign.nurse"]
    process = subprocess.Popen(line, cwd=_TESTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Nurse(process)
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        process.wait(10)


def main() -> int:
    """Serves until standard input ends."""
    from campaign.hasty import hurry

    warm_up()
    for line in sys.stdin:
        words, folder, environment, haste = json.loads(line)
        try:
            ended: dict[str, Any] = asdict(Client(words, Path(folder), environment, prepare=hurry(haste)).wait(60))
        except TimeoutError as error:
            ended = {"hangs": str(error)}
        print(json.dumps(ended), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
