"""A server on loopback that hands out one file, in the ways of real ones."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server:
    """What a test may set:

    data: the file. path: its name in the address.
    ranges: whether it goes on where asked to.
    tag: its ETag, or None. date: its Last-Modified, or None.
    breaks: of each next request, after how many bytes the connection breaks off.
    stalls: whether it then keeps the connection open, silent.
    adds: by how much more it promises than it has.
    status: another than 200 refuses.
    redirect: where a request is sent on to, or None.
    length: whether it says how long the file is.
    script: called with the handler in place of all of this.
    """

    def __init__(self, data, path="file"):
        self.data, self.path = data, path
        self.requests, self.conditions = [], []
        self.ranges, self.stalls, self.status, self.adds = True, False, 200, 0
        self.tag = self.date = self.redirect = self.script = None
        self.length = True
        self.breaks = []
        self.go_on = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        poll = self.http.serve_forever
        threading.Thread(target=poll, args=(0.01,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http.server_port}/{self.path}"

    def answer(self, handler):
        asked, condition = handler.headers.get("Range"), handler.headers.get("If-Range")
        self.requests.append(asked)
        self.conditions.append(condition)
        if self.script:
            self.script(handler)
            return
        if self.redirect:
            handler.send_response(302)
            handler.send_header("Location", self.redirect)
            handler.end_headers()
            return
        if self.status != 200:
            handler.send_error(self.status)
            return
        current = condition is None or condition in (self.tag, self.date)
        honored = asked and self.ranges and current
        start = int(asked.removeprefix("bytes=").rstrip("-")) if honored else 0
        size = len(self.data)
        if start >= size:
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{size}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        for name, value in (("ETag", self.tag), ("Last-Modified", self.date)):
            if value:
                handler.send_header(name, value)
        if self.length:
            handler.send_header("Content-Length", str(size - start + self.adds))
        handler.end_headers()
        stop = self.breaks.pop(0) if self.breaks else None
        handler.wfile.write(self.data[start : None if stop is None else start + stop])
        handler.wfile.flush()
        if self.stalls:
            self.go_on.wait(20)


@contextmanager
def serving(data, path="file") -> Iterator[Server]:
    made = Server(data, path)
    try:
        yield made
    finally:
        made.go_on.set()
        made.http.shutdown()
        made.http.server_close()
