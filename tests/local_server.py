"""A web server on 127.0.0.1 that serves bytes, ranges of them, and faults on request."""

import contextlib
import re
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit


class LocalServer:
    """Files by path; `faults` are used up one a request, `requests` keeps (path, headers).

    A fault is ``"drop:N"`` (N bytes, then the connection is cut), or ``"status:N"``. `redirects`
    maps paths to paths, `headers` go into each answer, `login` is the Authorization it needs.
    """

    def __init__(self):
        self.files, self.faults, self.requests, self.headers = {}, [], [], {}
        self.redirects, self.login = {}, None
        self.ranges = True
        self._together = None
        self.etag = lambda body: f'"{hash(body)}"'
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = _Quiet(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()

    def hold_until(self, n_requests):
        """Answer from now on only when so many requests are there, or fail after 30 s."""
        self._together = threading.Barrier(n_requests, timeout=30)

    def wait(self):
        if self._together:
            self._together.wait()

    def ranges_asked(self):
        return [headers.get("Range") for _, headers in self.requests]

    def places_read(self):
        """Start and end of each range that was requested, in bytes."""
        found = (re.fullmatch(r"bytes=(\d+)-(\d+)", text) for text in self.ranges_asked())
        return [(int(match[1]), int(match[2]) + 1) for match in found]


class _Quiet(ThreadingHTTPServer):
    """Takes many connections at a time, and says nothing of clients that hang up."""

    request_queue_size = 64

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        server = self.owner
        path = unquote(urlsplit(self.path).path).lstrip("/")
        server.requests.append((path, dict(self.headers)))
        server.wait()
        kind, _, number = (server.faults.pop(0) if server.faults else "").partition(":")
        body = server.files.get(path)
        status = int(number) if kind == "status" else 404 if body is None else None
        status = 307 if path in server.redirects else status
        if server.login and self.headers.get("Authorization") != server.login:
            status = 401
        if status is not None:
            self.close_connection = True
            self.send_response(status)
            if path in server.redirects:
                self.send_header("Location", f"{server.url}/{server.redirects[path]}")
            self.send_header("Content-Length", "0")
            for name, value in server.headers.items():
                self.send_header(name, value)
            self.end_headers()
            return
        body, tag = self._answer(body)
        for name, value in {"Content-Length": str(len(body)), **server.headers}.items():
            self.send_header(name, value)
        if tag:
            self.send_header("ETag", tag)
        self.end_headers()
        self.wfile.write(body[: int(number)] if kind == "drop" else body)
        if kind == "drop":
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

    def _answer(self, body):
        """Send the status; return what is to follow."""
        tag = self.owner.etag(body)
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        fresh = self.headers.get("If-Range") in (None, tag)
        if not (asked and fresh and self.owner.ranges):
            self.send_response(200)
            return body, tag
        start = int(asked[1])
        if start >= len(body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(body)}")
            return b"", tag
        end = min(int(asked[2] or len(body)) + 1, len(body))
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(body)}")
        return body[start:end], tag


@contextlib.contextmanager
def serving():
    """Run a server for the time of a block."""
    server = LocalServer()
    try:
        yield server
    finally:
        server.close()


def closed_port():
    """Address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"
