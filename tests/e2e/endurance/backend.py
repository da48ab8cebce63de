"""A server whose answers can be verified: backend.py PORT.

GET /BYTES answers so many random bytes, with `?chunked` in chunks, with `?slow` over a second; anything with a body gets it back;
`Upgrade: echo` switches to that. X-Checksum is the SHA-256 of the answer's body.
"""
import hashlib
import http.server
import os
import random
import sys
import time

NOISE = os.urandom(1 << 21)
PIECE = 16384


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    wbufsize = -1

    def do_GET(self):
        if self.headers.get("Upgrade") == "echo":
            self.echo()
            return
        path, _, how = self.path.rpartition("/")[2].partition("?")
        size = int(path)
        start = random.randrange(len(NOISE) - size)
        self.answer(NOISE[start:start + size], how)

    def do_POST(self):
        self.answer(self.body(), "")

    def body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.exactly(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.exactly(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def exactly(self, size: int) -> bytes:
        got = self.rfile.read(size)
        if len(got) != size:
            raise ConnectionError("the body is cut short")
        return got

    def answer(self, body: bytes, how: str):
        self.send_response(200)
        self.send_header("X-Checksum", hashlib.sha256(body).hexdigest())
        chunked = how == "chunked"
        self.send_header("Transfer-Encoding" if chunked else "Content-Length", "chunked" if chunked else str(len(body)))
        self.end_headers()
        for at in range(0, len(body), PIECE):
            piece = body[at:at + PIECE]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            if how == "slow":
                self.wfile.flush()
                time.sleep(PIECE / len(body))
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def echo(self):
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", "echo")
        self.end_headers()
        self.wfile.flush()
        while got := self.rfile.read1(65536):
            self.wfile.write(got)
            self.wfile.flush()
        self.close_connection = True

    def log_message(self, *words):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, address):
        pass  # clients that leave are what it is there for


Server(("", int(sys.argv[1])), Handler).serve_forever()
