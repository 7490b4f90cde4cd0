"""A simulator in a process of its own, spoken to over real HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx


class Simulator:
    """A running simulator and a client that talks to it."""

    def __init__(self, books: Path, *options: str) -> None:
        self.books = books
        command = [sys.executable, "-m", "sorapipe.simulator", "serve", "--books", str(books), "--while-parent"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([*command, *options], stdin=pipe, stdout=pipe, text=True)
        assert self.process.stdout is not None
        self.url: str = json.loads(self.process.stdout.readline())["url"]
        self.http = httpx.Client(base_url=self.url, headers={"Authorization": "Bearer a-key"}, trust_env=False)

    def post(self, body: object, **headers: str) -> httpx.Response:
        return self.http.post("/api/v1/tasks/create", json=body, headers=headers)

    def create(self, prompt: str = "A quiet sea", model: str = "sora-2", **fields: object) -> str:
        """The id of a new task."""
        answer = self.post({"model": model, "input": {"prompt": prompt, **fields}})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["taskId"])

    def query(self, task: str) -> Any:
        return self.http.get(f"/api/v1/tasks/query/{task}").json()["data"]

    def finished(self, task: str) -> Any:
        """The task's data at its end."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            data = self.query(task)
            if data["state"] in {"success", "fail"}:
                return data
            time.sleep(0.02)
        raise AssertionError(f"{task} doesn't end: {data}")

    def result(self, task: str) -> Any:
        return json.loads(self.finished(task)["resultJson"])

    def clip_url(self, task: str) -> str:
        return str(self.result(task)["resultUrls"][0])

    def form(self, path: str, fields: dict[str, str], **files: bytes) -> httpx.Response:
        """Posts a multipart form, even with no file."""
        parts: list[tuple[str, Any]] = [(name, (None, text)) for name, text in fields.items()]
        parts += [(name, (f"{name}.bin", data)) for name, data in files.items()]
        return self.http.post(path, files=parts)

    def video(self, prompt: str = "A quiet sea", **fields: str) -> str:
        """The id of a new task of dialect `videos`."""
        answer = self.form("/v1/videos", {"model": "sora-2", "prompt": prompt, "seconds": "10", **fields})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def job(self, model: str, fields: dict[str, object]) -> Any:
        """What a create of dialect `jobs` is answered."""
        answer = self.http.post("/api/v1/jobs/createTask", json={"model": model, "input": fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def record(self, task: str) -> Any:
        return self.http.get("/api/v1/jobs/recordInfo", params={"taskId": task}).json()["data"]

    def sim(self, page: str) -> Any:
        return self.http.get(f"/__sim/{page}").json()

    def credits(self) -> int:
        return int(self.http.get("/api/v1/chat/credit").json()["data"])

    def stop(self) -> int:
        """Closes stdin, as the end of a parent does; returns the exit code."""
        self.http.close()
        assert self.process.stdin is not None
        if not self.process.stdin.closed:
            self.process.stdin.close()
        code = self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


Start = Callable[..., Simulator]
