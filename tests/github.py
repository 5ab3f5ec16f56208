"""A server on loopback that plays the place where models are released, with all that goes wrong on the way."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FakeGitHub:
    """Serves `content` at every path; `behaviour` chooses how. requests: how often each path was asked for."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.behaviour = "good"
        self.requests: Counter[str] = Counter()
        self.ranges: list[str | None] = []
        self.released = threading.Event()  # ends drips and stalls
        self.url = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.requests[request.path] += 1
        self.ranges.append(request.headers.get("Range"))
        getattr(self, f"_{self.behaviour}")(request)

    def _good(self, request: Any) -> None:
        self._send(request, self.content)

    def _slow(self, request: Any) -> None:
        """Long enough for a second client to come in between."""
        time.sleep(0.5)
        self._send(request, self.content)

    def _wrong(self, request: Any) -> None:
        self._send(request, b"<html>log in</html>")

    def _missing(self, request: Any) -> None:
        request.send_error(404)

    def _redirect(self, request: Any) -> None:
        if request.path.startswith("/moved"):
            return self._send(request, self.content)
        request.send_response(302)
        request.send_header("Location", f"{self.url}/moved{request.path}")
        request.send_header("Content-Length", "0")
        return request.end_headers()

    def _cut(self, request: Any) -> None:
        """Half of the file each time, always from the start."""
        self._send(request, self.content[: len(self.content) // 2], len(self.content))
        request.close_connection = True

    def _cut_once(self, request: Any) -> None:
        """Half of the file, then the rest to whoever asks for it."""
        half = len(self.content) // 2
        if not self.ranges[-1]:
            return self._cut(request)
        start = int(self.ranges[-1].removeprefix("bytes=").removesuffix("-"))
        assert 0 < start <= half
        return self._send(request, self.content[start:], status=206)

    def _drip(self, request: Any) -> None:
        self._head(request, len(self.content))
        for byte in self.content:
            if self.released.wait(0.05):
                break
            request.wfile.write(bytes([byte]))

    def _stall(self, request: Any) -> None:
        self._head(request, len(self.content))
        self.released.wait(30)
        request.wfile.write(self.content)

    def _huge(self, request: Any) -> None:
        self._send(request, self.content, length=10**15)

    def _send(self, request: Any, content: bytes, length: int | None = None, status: int = 200) -> None:
        self._head(request, len(content) if length is None else length, status)
        request.wfile.write(content)

    def _head(self, request: Any, length: int, status: int = 200) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(length))
        request.end_headers()


@contextmanager
def serve(content: bytes) -> Iterator[FakeGitHub]:
    github = FakeGitHub(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):  # the client has gone
                github.answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    github.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield github
    finally:
        github.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
