"""Servers that send more than was asked for, too slowly, or claim what is not there."""

import contextlib
import re
import threading
import time
import tracemalloc
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from skchromo import _http
from skchromo._files import RemoteFile, open_binary
from skchromo.datasets import fetch_contacts
from skchromo.genome import read_bins

# Bytes of a range that is read first.
HEAD = RemoteFile.first_range


pytestmark = pytest.mark.usefixtures("pauses")


class Server:
    """A server that answers each request by a function of the handler; it counts what it sends."""

    def __init__(self, answer):
        self.n_requests = self.n_sent = 0
        self.closing = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def do_GET(self):
                server.n_requests += 1
                self.close_connection = True
                with contextlib.suppress(OSError):
                    answer(server, self)

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/a.bw"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def serve():
    """Function that starts a server, which ends with the test."""
    with contextlib.ExitStack() as stack:

        def start(answer):
            server = Server(answer)
            stack.callback(server.close)
            return server

        yield start


def head(handler, status, **headers):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def part_of(handler, total, **headers):
    """Send the head of an answer to a request of a range."""
    start, stop = map(int, handler.headers["Range"][6:].split("-"))
    stop = min(stop, total - 1)
    head(handler, 206, Content_Range=f"bytes {start}-{stop}/{total}", ETag='"1"', **headers)
    return stop + 1 - start


def send_on(server, handler, part=bytes(1 << 16), pause=0):
    """Send without end."""
    while not server.closing.wait(pause) and server.n_sent < 1 << 28:
        handler.wfile.write(part)
        server.n_sent += len(part)


def much_more(server, handler):
    part_of(handler, 1_000_000, Content_Length=400 << 20)
    send_on(server, handler)


def without_length(server, handler):
    part_of(handler, 1_000_000)
    send_on(server, handler)


def in_chunks(server, handler):
    part_of(handler, 1_000_000, Transfer_Encoding="chunked")
    send_on(server, handler, b"10000\r\n" + bytes(1 << 16) + b"\r\n")


def one_byte_more(server, handler):
    n_bytes = part_of(handler, 1_000_000, Content_Length=HEAD + 1)
    handler.wfile.write(bytes(n_bytes + 1))


@pytest.mark.parametrize("answer", [much_more, without_length, in_chunks, one_byte_more])
def test_no_more_is_read_than_was_asked_for(serve, answer):
    server = serve(answer)
    with pytest.raises(ConnectionError, match=f"^{server.url}: .*it sends"):
        read_bins(server.url, ["chr1"], [0], [1000], 100)
    assert server.n_requests == 1
    assert server.n_sent < 16 << 20


def test_message_stays_short_whatever_a_server_sends(serve):
    server = serve(lambda server, handler: handler.wfile.write(bytes(5000)))
    with pytest.raises(ConnectionError, match=f"^{server.url}: .*tried 4 times") as caught:
        read_bins(server.url, ["chr1"], [0], [1000], 100)
    assert len(str(caught.value)) < 500


def drip_part(server, handler):
    part_of(handler, 1_000_000, Content_Length=HEAD)
    send_on(server, handler, b"x", 0.02)


def drip_whole(server, handler):
    head(handler, 200, Content_Length=1_000_000)
    send_on(server, handler, b"x", 0.02)


def stall(server, handler):
    server.closing.wait(20)


def stall_in_part(server, handler):
    part_of(handler, 1_000_000, Content_Length=HEAD)
    handler.wfile.write(b"x")
    server.closing.wait(20)


def drip_head(server, handler):
    handler.wfile.write(b"HTTP/1.1 206 OK\r\nX-Long: ")
    send_on(server, handler, b"x", 0.02)


@pytest.mark.parametrize("answer", [drip_part, drip_whole, drip_head, stall, stall_in_part])
def test_slow_server_is_given_up_and_named(serve, monkeypatch, tmp_path, answer):
    monkeypatch.setattr(_http, "_TIMEOUT", 0.3)
    server, begun = serve(answer), time.monotonic()
    with pytest.raises(ConnectionError, match=f"{server.url}: .*(no answer within|sent only \\d+)"):
        fetch_contacts(server.url, data_home=tmp_path, progress=False)
    assert time.monotonic() - begun < 20
    assert server.n_requests <= 3
    if answer is not drip_whole:
        with pytest.raises(ConnectionError, match=f"{server.url}: "):
            read_bins(server.url, ["chr1"], [0], [1000], 100)


def test_slow_but_steady_server_is_read(serve, monkeypatch):
    """Twice the limit of time, and more bytes a second than the least."""
    monkeypatch.setattr(_http, "_TIMEOUT", 1)

    def answer(server, handler):
        n_bytes = part_of(handler, HEAD, Content_Length=HEAD)
        for _ in range(16):
            handler.wfile.write(bytes(n_bytes // 16))
            server.closing.wait(0.15)

    assert RemoteFile(serve(answer).url).size == HEAD


@pytest.mark.parametrize("total", [10**12, 10**17, 10**30])
def test_size_that_a_server_claims_takes_no_memory(serve, tmp_path, total):
    def answer(server, handler):
        if handler.headers.get("Range", "").startswith("bytes=0-"):
            last = int(handler.headers["Range"].rpartition("-")[2])
            handler.wfile.write(bytes(part_of(handler, total, Content_Length=last + 1)))
        else:
            head(handler, 416, Content_Length=0)

    server = serve(answer)
    read = {
        "fetch": lambda: fetch_contacts(server.url, data_home=tmp_path, progress=False),
        "stream": lambda: open_binary(server.url).read(),
    }
    for act in read.values():
        tracemalloc.start()
        try:
            with pytest.raises((OSError, ValueError), match=re.escape(server.url)):
                act()
            assert tracemalloc.get_traced_memory()[1] < 30 << 20
        finally:
            tracemalloc.stop()
