"""A web server in the shape of GitHub's for Git LFS: pointers under ``/raw``, files under ``/media``; a mirror under ``/mirror``."""

import hashlib
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from emotalk_lite.data.lfs import POINTER_START


class LfsServer(ThreadingHTTPServer):
    """Serves ``files`` (path -> bytes) and can be told to misbehave; remembers what it was asked for."""

    daemon_threads = True
    request_queue_size = 64  # as many clients as may knock at once; of those beyond it, each waits a second or more

    def __init__(self, files: dict[str, bytes]):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.asked: list[tuple[str, str]] = []  # (path, Range header)
        self.sent = Counter()  # path -> bytes of the body
        self.status: dict[str, int] = {}  # first part of the path, such as "media" -> status instead of an answer
        self.busy: dict[str, int] = {}  # path -> how often to say "503, come back at once"
        self.break_after: dict[str, list[int]] = {}  # path -> bytes after which to drop the connection, one a request
        self.ignores_range = False
        self.damages: set[str] = set()  # paths
        self.stalls: dict[str, int] = {}  # path -> byte of the file before which it stops, as long as it stands here

    def handle_error(self, *about):
        """A client that was killed has closed its connection; all else is told."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*about)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server, path, wanted = self.server, self.path, self.headers.get("Range", "")
        server.asked.append((path, wanted))
        kind, name = path.lstrip("/").split("/", 1)
        if server.busy.get(path, 0):
            server.busy[path] -= 1
            return self.answer(503, b"busy", {"Retry-After": "0"})
        if kind in server.status or name not in server.files:
            return self.answer(server.status.get(kind, 404), b"This repository exceeded its LFS budget.")
        content = server.files[name]
        if kind == "raw":
            sha256 = hashlib.sha256(content).hexdigest()
            return self.answer(200, POINTER_START + f"\noid sha256:{sha256}\nsize {len(content)}\n".encode())
        if path in server.damages:
            content = bytes(len(content))
        start = 0 if server.ignores_range or not wanted else int(wanted.removeprefix("bytes=").removesuffix("-"))
        where = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if wanted else {}
        self.answer(206 if start else 200, content[start:], where, *server.break_after.get(path, [])[:1], at=start)
        server.break_after.get(path, [])[:1] = []

    def answer(self, status: int, body: bytes, headers: dict[str, str] = {}, break_after: int | None = None, at: int = 0):
        self.send_response(status)
        for key, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(key, value)
        self.end_headers()
        for start in range(0, len(body), 16384):
            while at + start >= self.server.stalls.get(self.path, at + len(body)):
                threading.Event().wait(0.02)
            piece = body[start : min(start + 16384, break_after if break_after is not None else len(body))]
            self.wfile.write(piece)
            self.server.sent[self.path] += len(piece)
            if break_after is not None and start + 16384 >= break_after:
                self.close_connection = True
                return

    def log_message(self, *_):
        pass


@contextmanager
def serving(files: dict[str, bytes]):
    """The server, running until the end of the block."""
    with LfsServer(files) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.stalls.clear()
            server.shutdown()
            thread.join()
