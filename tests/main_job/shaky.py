"""A provider of the dialect `tasks` in a thread of the test, whose answers can be lost; it counts what it was paid."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
from PIL import Image

_JSON = "application/json"


def clip(path: Path) -> bytes:
    """Ten seconds of grey, 1280x720."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as out:
        video = out.add_stream("libx264", rate=2)
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        video.options = {"preset": "ultrafast"}
        picture = Image.new("RGB", (1280, 720), (90, 90, 90))
        for number in range(20):
            frame = av.VideoFrame.from_image(picture)
            frame.pts, frame.time_base = number, Fraction(1, 2)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path.read_bytes()


class Shaky:
    """`creates` says what becomes of the answers to the next creates (`lost`; `held` until `release` is set and then
    lost; `late`: answered then), `polls` what becomes of all polls (`lost` or a status). `paid` are the tasks that were
    charged, in order."""

    def __init__(self, film: bytes) -> None:
        self.film = film
        self.creates: list[str] = []
        self.polls: str | int = ""
        self.paid: list[str] = []
        self.tokens: list[str] = []
        self.asked: list[str] = []
        self.arrived = threading.Event()
        self.release = threading.Event()
        self.url = ""

    def profile(self) -> str:
        """Its profile: a real provider, at which a clip costs 0.10 USD."""
        return (
            f"extends: ruxa\nbase_url: {self.url}\nkey_env: HOUSE_API_KEY\ncurrency: USD\nprices_as_of: 2026-11-01\n"
            'models:\n  sora-2:\n    sizes: [1280x720]\n    seconds: [10]\n    price: {amount: "0.10", per: clip}\n'
            '    character_price: {amount: "0.05", per: clip}\n    ends: null\n'
        )

    def order(self, body: bytes) -> str:
        """Charges, whatever becomes of the answer."""
        task = f"task_{len(self.paid) + 1:02}"
        self.tokens += re.findall(r"sp1:(\w+)", body.decode())
        self.paid.append(task)
        return task

    def bytes_of(self, task: str) -> bytes:
        """The same picture in another file for each task."""
        mark = task.encode()
        return self.film + (len(mark) + 8).to_bytes(4, "big") + b"free" + mark


@contextmanager
def serving(film: bytes) -> Iterator[Shaky]:
    """The provider on a free port."""
    shaky = Shaky(film)

    class Door(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            task = shaky.order(self.rfile.read(int(self.headers["Content-Length"])))
            fate = shaky.creates.pop(0) if shaky.creates else ""
            shaky.arrived.set()
            if fate in {"held", "late"}:
                shaky.release.wait(30)
            if fate not in {"", "late"}:
                self.close_connection = True
                return
            self.say({"code": 200, "message": "ok", "data": {"taskId": task}})

        def do_GET(self) -> None:
            task = self.path.rpartition("/")[2]
            if self.path.startswith("/clips/"):
                self.answer(200, "video/mp4", shaky.bytes_of(task))
                return
            shaky.asked.append(task)
            if shaky.polls == "lost":
                self.close_connection = True
            elif isinstance(shaky.polls, int):
                self.say({"code": shaky.polls, "message": "no"}, shaky.polls)
            elif task not in shaky.paid:
                self.say({"code": 404, "message": "task not found"}, 404)
            else:
                made = {"resultUrls": [f"{shaky.url}/clips/{task}"], "character_id": f"ch_{task}"}
                self.say({"code": 200, "data": {"taskId": task, "state": "success", "resultJson": json.dumps(made)}})

        def say(self, data: object, status: int = 200) -> None:
            self.answer(status, _JSON, json.dumps(data).encode())

        def answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    shaky.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield shaky
    finally:
        shaky.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
