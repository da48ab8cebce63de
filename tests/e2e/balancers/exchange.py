"""One client connection: bytes out, responses in."""
import re
import select
import socket
import time


def take_response(data: bytes, head_only: bool, closed: bool):
    """(status, body, complete, rest), or None while the head is not whole."""
    head, found, rest = data.partition(b"\r\n\r\n")
    match = re.match(rb"HTTP/1\.[01] (\d{3})", head)
    if not found or not match:
        return None
    status = int(match[1])
    if status < 200 or status in (204, 304) or head_only:
        return status, b"", True, rest
    if re.search(rb"(?im)^transfer-encoding:.*chunked", head):
        body = b""
        while True:
            line, found, after = rest.partition(b"\r\n")
            if not found:
                return status, body, False, b""
            size = int(line.split(b";")[0], 16)
            if size == 0:
                trailer, found, after = (b"\r\n" + after).partition(b"\r\n\r\n")
                return status, body, bool(found), after
            if len(after) < size + 2:
                return status, body + after[:size], False, b""
            body, rest = body + after[:size], after[size + 2:]
    if length := re.search(rb"(?im)^content-length: *(\d+)", head):
        size = int(length[1])
        return status, rest[:size], len(rest) >= size, rest[size:]
    return status, rest, closed, b""


def responses(data: bytes, head_only: bool, closed: bool) -> list[tuple[int, bytes, bool]]:
    found = []
    while data and (one := take_response(data, head_only, closed)):
        found.append(one[:3])
        data = one[3]
        if not one[2]:
            break
    return found


def talk(port: int, data: bytes, wanted: int, half_close: bool, seconds: float):
    """What came back until `wanted` final responses were whole (and nothing more came right behind them), the peer closed
    or the time was over; and which of the three it was."""
    got, ended = b"", "open"
    head_only = data.lstrip().startswith(b"HEAD ")
    deadline = time.monotonic() + seconds
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        try:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before it was all sent
        while True:
            final = [one for one in responses(got, head_only, False) if one[0] >= 200 and one[2]]
            enough = len(final) >= wanted
            left = min(0.02, deadline - time.monotonic()) if enough else deadline - time.monotonic()
            if left <= 0 or not select.select([connection], [], [], left)[0]:
                ended = "open" if enough else "hangs"
                break
            try:
                part = connection.recv(65536)
            except OSError:
                ended = "reset"
                break
            if not part:
                ended = "closed"
                break
            got += part
    return responses(got, head_only, ended == "closed"), ended
