"""Serves a built site from its folder: for `make serve` and for the tests.

A host that could be any static host: no headers that a reader's host may lack, below any path.
"""

from __future__ import annotations

import contextlib
import mimetypes
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".css": "text/css; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml",
}
RANGE = re.compile(r"bytes=(\d+)-")
PIECE_BYTES = 1_000_000  # sent, and counted, at once
# When the server is gone, the page asks again only as the reader returns to it: the demo counts requests.
RELOAD_SCRIPT = """let lost = false;
function listen() {
  const events = new EventSource("/__events");
  events.onmessage = () => location.reload();
  events.onopen = () => { if (lost) location.reload(); };
  events.onerror = () => { events.close(); lost = true; };
}
addEventListener("focus", () => { if (lost) listen(); });
listen();
"""


class StaticServer:
    """Serves `root` at `path` (begins and ends with "/") on 127.0.0.1.

    `site_url`: what the site was built for; sitemaps are rewritten to this server, since the theme's instant navigation
    compares origins. `headers`: sent with every answer. `live`: pages reload when `reload()` is called. `ranges`:
    answers requests for the rest of a file, as most hosts do.
    """

    def __init__(
        self,
        root: Path,
        *,
        port: int = 0,
        path: str = "/",
        site_url: str = "",
        headers: dict[str, str] | None = None,
        live: bool = False,
        ranges: bool = True,
    ) -> None:
        self.root, self.path, self.site_url = root, path, site_url
        self.headers = headers or {}
        self.live, self.ranges = live, ranges
        self.requests: list[str] = []
        self.sent: dict[str, int] = {}  # bytes of bodies by path
        self.failures: dict[str, int] = {}
        self.corrupted: set[str] = set()
        self.stalled: dict[str, threading.Event] = {}
        self.cuts: dict[str, Cut] = {}
        self.open: set[socket.socket] = set()
        self.changed = threading.Condition()
        self.version = 0
        self.port = port
        self.server: ThreadingHTTPServer | None = None
        self.start()

    @property
    def url(self) -> str:
        """Where the site's root is; ends in "/"."""
        return f"http://127.0.0.1:{self.port}{self.path}"

    def start(self) -> None:
        """Raises OSError if the port is taken."""
        owner = self

        class Handler(SiteHandler):
            site = owner

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None
        # Browsers keep connections, whose threads would go on answering.
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def reload(self) -> None:
        """Tells every open page to load again."""
        with self.changed:
            self.version += 1
            self.changed.notify_all()

    @contextlib.contextmanager
    def fail(self, suffix: str, status: int) -> Iterator[None]:
        """Answers paths with this end by an error."""
        self.failures[suffix] = status
        try:
            yield
        finally:
            del self.failures[suffix]

    @contextlib.contextmanager
    def stall(self, suffix: str) -> Iterator[None]:
        """Keeps whoever asks for paths with this end waiting."""
        self.stalled[suffix] = threading.Event()
        try:
            yield
        finally:
            self.stalled.pop(suffix).set()

    @contextlib.contextmanager
    def corrupt(self, suffix: str) -> Iterator[None]:
        """Flips a bit in files whose path has this end."""
        self.corrupted.add(suffix)
        try:
            yield
        finally:
            self.corrupted.remove(suffix)

    @contextlib.contextmanager
    def cut(self, suffix: str, at: float, *, lasting: bool = False, hang: bool = False) -> Iterator[None]:
        """Breaks the connection when a share (0 to 1) of the next body has been sent.

        `lasting`: and every later one at its first byte. `hang`: keeps the connection and says nothing more.
        """
        cut = self.cuts[suffix] = Cut(at, lasting, threading.Event() if hang else None)
        try:
            yield
        finally:
            self.cuts.pop(suffix)
            if cut.hang:
                cut.hang.set()


@dataclass
class Cut:
    """How bodies break off, see `StaticServer.cut`; `at` is None once they are whole again."""

    at: float | None
    lasting: bool
    hang: threading.Event | None


class SiteHandler(BaseHTTPRequestHandler):
    """One request."""

    site: StaticServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.site.open.add(self.connection)

    def finish(self) -> None:
        self.site.open.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the log of a server of files tells nobody anything."""

    def do_GET(self) -> None:
        site = self.site
        path = unquote(urlsplit(self.path).path)
        site.requests.append(path)
        if site.live and path == "/__events":
            self.events()
            return
        if site.live and path == "/__live.js":
            self.answer(200, RELOAD_SCRIPT.encode(), TYPES[".js"])
            return
        for waiting in [event for suffix, event in site.stalled.items() if path.endswith(suffix)]:
            waiting.wait()
        status = next((s for suffix, s in site.failures.items() if path.endswith(suffix)), 0)
        if status:
            self.answer(status, b"", "text/plain")
            return
        file = self.file(path)
        if file is None:
            self.answer(404, self.missing(path), TYPES[".html"])
        elif file.is_dir():
            self.send_response(301)
            self.send_header("location", path + "/")
            self.send_header("content-length", "0")
            self.end_headers()
        else:
            self.send_file(file, path)

    do_HEAD = do_GET

    def file(self, path: str) -> Path | None:
        """The file or folder for a URL path; None where there is none."""
        if not path.startswith(self.site.path):
            return None
        root = self.site.root.resolve()
        file = (root / path[len(self.site.path) :]).resolve()
        if not file.is_relative_to(root):
            return None
        if file.is_dir():
            return file / "index.html" if path.endswith("/") and (file / "index.html").exists() else file
        return file if file.exists() else None

    def missing(self, path: str) -> bytes:
        """The page for what does not exist: the language's, as hosts do that look for the nearest; else the root's."""
        first = path.removeprefix(self.site.path).partition("/")[0]
        pages = (self.site.root / first / "404.html", self.site.root / "404.html")
        return next((page.read_bytes() for page in pages if first != ".." and page.exists()), b"")

    def send_file(self, file: Path, path: str) -> None:
        """Compressed if the file stands there compressed as well."""
        site = self.site
        content = file.read_bytes() if not file.is_dir() else b""
        if file.name == "sitemap.xml" and site.site_url:
            content = content.replace(site.site_url.encode(), site.url.encode())
        if any(path.endswith(suffix) for suffix in site.corrupted):
            content = content[:-1] + bytes([content[-1] ^ 1])
        if site.live and file.suffix == ".html":
            content = content.replace(b"</body>", b'<script src="/__live.js"></script></body>')
        kind = TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        # Folders named by their content never change.
        lasting = path.startswith((f"{site.path}assets/", f"{site.path}models/"))
        encoding = {}
        packed = file.with_name(file.name + ".br")
        if packed.exists() and "br" in self.headers.get("accept-encoding", ""):
            content, encoding = packed.read_bytes(), {"content-encoding": "br"}
        cache = "max-age=31536000, immutable" if lasting else "no-cache"
        asked = RANGE.fullmatch(self.headers.get("range", "")) if site.ranges else None
        if asked and int(asked[1]) < len(content):
            place = f"bytes {asked[1]}-{len(content) - 1}/{len(content)}"
            self.answer(206, content[int(asked[1]) :], kind, cache, {**encoding, "content-range": place})
        else:
            self.answer(200, content, kind, cache, encoding)

    def answer(
        self, status: int, content: bytes, kind: str, cache: str = "no-store", more: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        headers = {
            "content-type": kind,
            "content-length": str(len(content)),
            "cache-control": cache,
            **self.site.headers,
            **(more or {}),
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.body(content)

    def body(self, content: bytes) -> None:
        """Sends all of it, or breaks off where the test says so."""
        site, path = self.site, unquote(urlsplit(self.path).path)
        cut = next((c for suffix, c in site.cuts.items() if path.endswith(suffix) and c.at is not None), None)
        if cut and cut.at is not None:
            content = content[: int(len(content) * cut.at)]
            cut.at = 0 if cut.lasting else None
            self.close_connection = True
        for start in range(0, len(content), PIECE_BYTES):
            piece = content[start : start + PIECE_BYTES]
            site.sent[path] = site.sent.get(path, 0) + len(piece)
            self.wfile.write(piece)
        if cut and cut.hang:
            self.wfile.flush()
            cut.hang.wait()

    def events(self) -> None:
        """Server-sent events: one message at each reload."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("cache-control", "no-store")
        self.end_headers()
        self.close_connection = True
        seen = self.site.version
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while self.site.server:
                with self.site.changed:
                    self.site.changed.wait(timeout=10)
                    now = self.site.version
                self.wfile.write(b"data: reload\n\n" if now != seen else b": still here\n\n")
                self.wfile.flush()
                seen = now
