"""Mixed load whose answers are verified: client.py ADDRESS SECONDS SEED. Prints one JSON object of counts.

ok: a whole answer, as the backend made it. unavailable: 502, 503, 504, or 408 where this client itself is too slow. cut: the
connection ended before the answer did. wrong: anything else, with the first few told. stuck: no end within LIMIT seconds. left:
went away on purpose.
"""
import asyncio
import collections
import hashlib
import json
import os
import random
import sys
import time

UNAVAILABLE = (408, 502, 503, 504)
LIMIT = 180  # more than all time limits of the load balancer in sum
NOISE = os.urandom(1 << 21)
HTTP, TCP = 80, 8001


class Wrong(Exception):
    pass


class Cut(Exception):
    pass


def noise(size: int) -> bytes:
    start = random.randrange(len(NOISE) - size)
    return NOISE[start:start + size]


class Connection:
    def __init__(self, counts):
        self.counts = counts

    async def open(self, port: int = HTTP):
        self.reader, self.writer = await asyncio.open_connection(ADDRESS, port, limit=1 << 17)
        return self

    def close(self):
        self.writer.transport.abort()

    async def send(self, *pieces: bytes):
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def head(self):
        """The status and the fields of the next final answer, or of a 101."""
        while True:
            try:
                text = await self.reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError as end:
                raise Cut("in the head" if end.partial else "before the answer")
            lines = text.decode("latin-1").split("\r\n")
            status = int(lines[0].split(" ")[1])
            if status >= 200 or status == 101:
                return status, {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:-2])}

    async def exactly(self, size: int, pace: float = 0) -> bytes:
        got = bytearray()
        while len(got) < size:
            piece = await self.reader.read(min(65536, size - len(got)))
            if not piece:
                raise Cut("in the body")
            got += piece
            if pace:
                await asyncio.sleep(pace)
        return bytes(got)

    async def body(self, fields: dict, pace: float) -> bytes:
        if fields.get("transfer-encoding") != "chunked":
            return await self.exactly(int(fields["content-length"]), pace)
        pieces = []
        try:
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                pieces.append(await self.exactly(size, pace))
                await self.reader.readuntil(b"\r\n")
            await self.reader.readuntil(b"\r\n")
        except asyncio.IncompleteReadError:
            raise Cut("in the chunks")
        return b"".join(pieces)

    async def answer(self, sent: bytes | None = None, size: int | None = None, pace: float = 0) -> bool:
        """Reads and verifies one answer; whether another request may follow it."""
        status, fields = await self.head()
        body = await self.body(fields, pace)
        if status == 200:
            if hashlib.sha256(body).hexdigest() != fields["x-checksum"]:
                raise Wrong("another body than its checksum's")
            if (sent is not None and body != sent) or (size is not None and len(body) != size):
                raise Wrong("another request's body")
            self.counts["ok"] += 1
            self.counts["bytes"] += len(body)
        elif status in UNAVAILABLE:
            self.counts["unavailable"] += 1
        else:
            raise Wrong(f"status {status}: {body[:80]!r}")
        return fields.get("connection") != "close"


def get(size: int, how: str = "", *fields: str) -> bytes:
    lines = [f"GET {random.choice(['', '/pool'])}/{size}{how} HTTP/1.1", "Host: endurance", *fields, "", ""]
    return "\r\n".join(lines).encode()


async def kept(counts):
    one = await Connection(counts).open()
    for _ in range(random.randint(1, 80)):
        size = random.randrange(1 << random.randrange(1, 16))
        await one.send(get(size, random.choice(["", "?chunked"])))
        if not await one.answer(size=size):
            break
        if random.random() < 0.02:
            await asyncio.sleep(random.random() * 2)
    one.close()


async def single(counts):
    one = await Connection(counts).open()
    await one.send(get(1024, "", "Connection: close"))
    await one.answer(size=1024)
    if await one.reader.read(1):
        raise Wrong("bytes behind the last answer")
    one.close()


async def pipelined(counts):
    one = await Connection(counts).open()
    sizes = [random.randrange(4096) for _ in range(6)]
    await one.send(b"".join(map(get, sizes)))
    for size in sizes:
        if not await one.answer(size=size):
            break
    one.close()


async def large(counts):
    one = await Connection(counts).open()
    await one.send(get(1 << 20, random.choice(["", "?chunked", "?slow"])))
    await one.answer(size=1 << 20, pace=random.choice([0, 0, 0.05]))
    one.close()


async def upload(counts):
    one = await Connection(counts).open()
    for _ in range(random.randint(1, 8)):
        body = noise(random.randrange(1 << random.randrange(1, 19)))
        head = f"POST / HTTP/1.1\r\nHost: endurance\r\nContent-Length: {len(body)}\r\n\r\n"
        pieces = [body]
        if random.random() < 0.5:
            head = "POST / HTTP/1.1\r\nHost: endurance\r\nTransfer-Encoding: chunked\r\n\r\n"
            cuts = sorted(random.randrange(len(body) + 1) for _ in range(3))
            parts = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)])]
            pieces = [b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part] + [b"0\r\n\r\n"]
        sending = asyncio.ensure_future(one.send(head.encode(), *pieces))
        try:
            more = await one.answer(sent=body)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        if not more:
            break
    one.close()


async def tunnel(counts):
    one = await Connection(counts).open()
    await one.send(get(0, "", "Connection: Upgrade", "Upgrade: echo"))
    status, fields = await one.head()
    if status != 101:
        await one.body(fields, 0)
        if status not in UNAVAILABLE:
            raise Wrong(f"status {status} for an upgrade")
        counts["unavailable"] += 1
    for _ in range(random.randint(1, 20) if status == 101 else 0):
        block = noise(random.randrange(1, 40000))
        await one.send(block)
        if await one.exactly(len(block)) != block:
            raise Wrong("the tunnel changed what went through it")
        counts["ok"] += 1
        counts["bytes"] += len(block)
    one.close()


async def by_tcp(counts):
    one = await Connection(counts).open(TCP)
    for _ in range(random.randint(1, 20)):
        await one.send(get(30000))
        if not await one.answer(size=30000):
            break
    one.close()


async def leaver(counts):
    """Goes away in the middle of something."""
    one = await Connection(counts).open()
    await one.send(random.choice([b"GET / HT", get(1 << 20), b"POST / HTTP/1.1\r\nHost: endurance\r\nContent-Length: 100000\r\n\r\nxyz"]))
    await one.reader.read(random.randrange(1, 100000)) if random.random() < 0.3 else await asyncio.sleep(random.random() / 2)
    one.close()
    counts["left"] += 1


KINDS = [kept] * 4 + [single] * 2 + [pipelined, large, large, upload, upload, tunnel, by_tcp, leaver]


async def again_and_again(kind, until: float, counts, told: list):
    while time.monotonic() < until:
        try:
            await asyncio.wait_for(kind(counts), LIMIT)
        except asyncio.TimeoutError:
            counts["stuck"] += 1
            told.append(f"{kind.__name__}: stuck")
        except Wrong as wrong:
            counts["wrong"] += 1
            told.append(f"{kind.__name__}: {wrong}")
        except (Cut, OSError):
            counts["cut"] += 1
        except Exception as other:
            counts["wrong"] += 1
            told.append(f"{kind.__name__}: {other!r}")
        await asyncio.sleep(random.random() / 10)  # the processor belongs to others, too


async def main(seconds: float):
    counts = collections.Counter(ok=0, unavailable=0, cut=0, wrong=0, stuck=0, left=0, bytes=0)
    told: list[str] = []
    await asyncio.gather(*(again_and_again(kind, time.monotonic() + seconds, counts, told) for kind in KINDS))
    print(json.dumps({**counts, "told": told[:10]}))


ADDRESS = sys.argv[1]
random.seed(int(sys.argv[3]))
asyncio.run(main(float(sys.argv[2])))
