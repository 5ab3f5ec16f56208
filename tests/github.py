"""A server on loopback that plays the place where models are released, with all that goes wrong on the way."""

import gzip
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CONTENT = bytes(range(256)) * 4096  # 1 MiB


class FakeGitHub:
    """Serves `content` at every path; `behaviour` chooses how. requests: how often each path was asked for."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.behaviour = "good"
        self.requests: Counter[str] = Counter()
        self.ranges: list[str | None] = []
        self.released = threading.Event()  # ends drips and stalls
        self.url = ""
        self.length = ""  # what the server says that is none
        self.poured = 0
        self.passwords: list[str | None] = []

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

    def _bad_length(self, request: Any) -> None:
        self._send(request, self.content, length=self.length)

    def _endless(self, request: Any) -> None:
        """No length, and no end; counts what the client takes."""
        request.send_response(200)
        request.end_headers()
        self._pour(request)

    def _endless_redirect(self, request: Any) -> None:
        """A redirect with a body that has no end, to the right file."""
        if request.path.startswith("/moved"):
            return self._send(request, self.content)
        request.send_response(302)
        request.send_header("Location", f"{self.url}/moved{request.path}")
        request.end_headers()
        return self._pour(request)

    def _pour(self, request: Any) -> None:
        while not self.released.is_set():
            request.wfile.write(bytes(1 << 16))
            self.poured += 1 << 16

    def _bomb(self, request: Any) -> None:
        """300 MB that travel as .3 MB, although nobody asked for that."""
        packed = gzip.compress(bytes(300_000_000), 1)
        request.send_response(200)
        request.send_header("Content-Encoding", "gzip")
        request.send_header("Content-Length", str(len(packed)))
        request.end_headers()
        request.wfile.write(packed)

    def _whole_again(self, request: Any) -> None:
        """Half of the file, then the whole, said to be a part."""
        if not self.ranges[-1]:
            return self._cut(request)
        request.send_response(206)
        request.send_header("Content-Range", f"bytes 0-{len(self.content) - 1}/{len(self.content)}")
        request.end_headers()
        return request.wfile.write(self.content)

    def _end_is_missing(self, request: Any) -> None:
        """The whole file in chunks without the last, empty one; then: there is no more."""
        if self.ranges[-1]:
            return request.send_error(416)
        request.protocol_version = "HTTP/1.1"
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        request.wfile.write(b"%x\r\n%b\r\n" % (len(self.content), self.content))
        request.close_connection = True
        return None

    def _needs_password(self, request: Any) -> None:
        self.passwords.append(request.headers.get("Authorization"))
        self._send(request, self.content)

    def _refuses(self, request: Any) -> None:
        """Sends whoever comes to an address with a password of its own, which answers with an error."""
        request.send_response(302 if "elsewhere" not in request.path else 403, "Your \x1b[31mpassword")
        request.send_header("Location", self.url.replace("//", "//them:geheim@") + "/elsewhere?token=geheim")
        request.end_headers()

    def _send(self, request: Any, content: bytes, length: int | str | None = None, status: int = 200) -> None:
        self._head(request, len(content) if length is None else length, status)
        request.wfile.write(content)

    def _head(self, request: Any, length: int | str, status: int = 200) -> None:
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
