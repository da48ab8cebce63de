"""A backend that writes down what reaches it. It reads messages as a lenient server would, so that what a proxy lets
through shows."""
import re
import select
import socket
import threading
import time


class Message:
    def __init__(self, head: bytes, body: bytes):
        self.head, self.body = head, body
        line = head.split(b"\r\n", 1)[0].split(b" ")
        self.method = line[0]
        self.target = line[1] if len(line) > 1 else b""

    def values(self, name: str) -> list[bytes]:
        found = re.findall(rb"(?im)^" + name.encode() + rb"[ \t]*:[ \t]*([^\r\n]*)", self.head)
        return [value.rstrip() for value in found]


class Stream:
    """Bytes of a socket, with the few reads that HTTP needs; EOFError at the end. `busy(by)` is told +1 before bytes are taken
    from the socket, and -1 when there is nothing left to do with them."""

    def __init__(self, connection: socket.socket, busy):
        self.connection, self.buffer, self.busy = connection, b"", busy

    def more(self):
        self.busy(-1)
        select.select([self.connection], [], [])
        self.busy(+1)
        part = self.connection.recv(65536)
        if not part:
            raise EOFError
        self.buffer += part

    def until(self, end: bytes) -> bytes:
        while end not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(end, 1)
        return line

    def exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self.more()
        part, self.buffer = self.buffer[:count], self.buffer[count:]
        return part

    def chunks(self) -> bytes:
        body = b""
        while size := int(self.until(b"\r\n").split(b";")[0], 16):
            body += self.exactly(size)
            self.exactly(2)
        while self.until(b"\r\n"):
            pass
        return body


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Recorder:
    """`reply(message, number)` gives the bytes to answer with, and whether the connection ends behind them; number
    counts the messages since forget()."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.lock, self.at_work, self.connections = threading.Lock(), 0, set()
        self.forget(None)
        threading.Thread(target=self.accept, daemon=True).start()

    def forget(self, reply):
        self.messages: list[Message] = []
        self.heads: list[bytes] = []  # also of those whose body never came whole
        self.reply = reply or (lambda message, number: (OK, False))

    def busy(self, by: int):
        with self.lock:
            self.at_work += by

    def settle(self):
        """Until all that has reached this host's kernel is written down. A client may have its answer, or its end, before
        that: what came too late would be taken for the next request's."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with self.lock:
                idle = self.at_work == 0 and not select.select([self.listener, *self.connections], [], [], 0)[0]
            if idle:
                return
            time.sleep(0.001)
        raise AssertionError("the recorder does not come to rest")

    def accept(self):
        while True:
            select.select([self.listener], [], [])
            self.busy(+1)
            connection, _ = self.listener.accept()
            with self.lock:
                self.connections.add(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket):
        try:
            self.exchange(connection)
        finally:
            with self.lock:
                self.connections.remove(connection)
                self.at_work -= 1
                connection.close()

    def exchange(self, connection: socket.socket):
        stream = Stream(connection, self.busy)
        try:
            while True:
                head = stream.until(b"\r\n\r\n") + b"\r\n"
                self.heads.append(head)
                message = Message(head, b"")
                if message.values("expect"):
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                if message.values("transfer-encoding"):
                    message.body = stream.chunks()
                elif length := message.values("content-length"):
                    message.body = stream.exactly(int(length[0]))
                self.messages.append(message)
                answer, ends = self.reply(message, len(self.messages))
                connection.sendall(answer)
                if ends:
                    return
        except (EOFError, OSError, ValueError):
            return
