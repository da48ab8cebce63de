"""The conformance table: what is sent, the RFC section that speaks about it, and what it allows.

`accept`: a recipient has to take it. `refuse`: it must not, or two recipients would read it differently, and ours does
not. `either`: the RFC leaves the choice; here only the rule counts that ours takes nothing that both others refuse.
`check` looks at what reached the backend behind ours.
"""
import dataclasses
import typing

from recorder import OK

A, R, E = "accept", "refuse", "either"


@dataclasses.dataclass
class Case:
    name: str
    section: str  # of RFC 9112, unless another number stands before it
    expect: str
    data: bytes
    wanted: int = 1  # messages in it
    half_close: bool = False
    reply: typing.Callable | None = None
    check: typing.Callable | None = None
    body: bytes | None = None  # what the client has to get
    most: int = 99  # messages that may reach the backend


def request(line="GET /", *fields, body=b"", host="Host: a.example", version=" HTTP/1.1") -> bytes:
    lines = [line + version] + ([host] if host else []) + list(fields)
    return b"".join(one.encode("latin-1") + b"\r\n" for one in lines) + b"\r\n" + body


def post(*fields, body=b"") -> bytes:
    return request("POST /", *fields, body=body)


def chunked(body: bytes, *fields) -> bytes:
    return post("Transfer-Encoding: chunked", *fields, body=body)


def shown(text: str) -> str:
    return repr(text)[1:-1]


cases: list[Case] = []


def marked(number: int) -> bytes:
    return b"X-Case: %d\r\n" % number


def add(section: str, expect: str, name: str, data: bytes, **more):
    if "most" in more:  # what an earlier case sent may come late: only what bears the mark is counted
        data = data.replace(b"Host: a.example\r\n", b"Host: a.example\r\n" + marked(len(cases)))
    cases.append(Case(name, section, expect, data, **more))


# -- The request line
for name, line in {
        "two spaces before the target": "GET  / HTTP/1.1", "two spaces before the version": "GET /  HTTP/1.1",
        "a tab for a space": "GET\t/ HTTP/1.1", "a tab before the version": "GET /\tHTTP/1.1",
        "a space before the method": " GET / HTTP/1.1", "a space behind the version": "GET / HTTP/1.1 ",
        "no target": "GET HTTP/1.1", "an empty target": "GET  HTTP/1.1", "no version": "GET /",
        "a word behind the version": "GET / HTTP/1.1 x", "a space in the target": "GET /a b HTTP/1.1",
        "only a method": "GET", "no method": "/ HTTP/1.1"}.items():
    add("3", R, f"request line: {name}", request(line, version=""))
add("2.2", R, "request line ends with CR only", b"GET / HTTP/1.1\rHost: a\r\n\r\n")
add("2.2", E, "request line ends with LF only", b"GET / HTTP/1.1\nHost: a\r\n\r\n")
add("2.2", E, "every line ends with LF only", b"GET / HTTP/1.1\nHost: a\n\n")
add("2.2", E, "the head ends with LF only", b"GET / HTTP/1.1\r\nHost: a\r\n\n")
add("2.2", A, "an empty line before the request", b"\r\n" + request())
add("2.2", R, "CR CR LF behind the request line", b"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n")
for c in "(),/:;<=>?@[\\]{}\"\x00\x01\x1f\x7f\x80\xff":
    add("9110 9.1", R, f"method with {shown(c)}", request(f"GE{c}T /"))
for method in ("PATCH", "get", "PROPFIND", "M-SEARCH", "X!#$%&'*+-.^_`|~9"):
    add("9110 9.1", E, f"method {method}", request(f"{method} /"))
add("9110 9.1", E, "method of 200 letters", request("A" * 200 + " /"))
add("9110 9.3.6", R, "CONNECT", request("CONNECT a.example:80"))

# -- Versions
for version in ("HTTP/2.0", "HTTP/3.0", "HTTP/0.9", "HTTP/1", "HTTP/1.", "HTTP/11", "HTTP/1.x", "HTTP/1.1.1", "http/1.1",
                "HTTP/01.1", "HTTP/1,1", "HTTP /1.1", "HTTP/ 1.1", "HTTP/-1.1", "HTTP/1.10", "HTTPS/1.1", "XTTP/1.1", "HTTP/1.\xb9"):
    add("2.3", R, f"version {shown(version)}", request("GET /", version=" " + version))
add("9110 2.5", E, "version HTTP/1.2", request("GET /", version=" HTTP/1.2"))
add("2.3", A, "version HTTP/1.0", request("GET /", version=" HTTP/1.0"))
add("2.3", A, "version HTTP/1.0 without Host", request("GET /", version=" HTTP/1.0", host=""))
add("9.3", A, "HTTP/1.0 with keep-alive, twice", request("GET /", "Connection: keep-alive", version=" HTTP/1.0") * 2, wanted=2)

# -- Targets
for c in "\x01\x0b\x1f\x7f\x80\xe4":
    add("3.2", E, f"target with {shown(c)}", request(f"GET /a{c}b"))
add("3.2", R, "target with NUL", request("GET /a\0b"))
for target in ('/"', "/<", "/^", "/`", "/{", "/|", "/\\", "/#x", "/%", "/%zz", "/%00", "/a//b", "/..", "/a/../../b", "//a"):
    add("3.2", E, f"target {target}", request(f"GET {target}"))
for target in ("a.example", "a.example:80", "?", "x", "http:/", "http://", "://a", "http:a.example", "ftp//a"):
    add("3.2", R, f"target {target}", request(f"GET {target}"))
add("3.2.4", A, "OPTIONS *", request("OPTIONS *"))
add("3.2.4", R, "GET *", request("GET *"))
add("3.2.2", A, "absolute form", request("GET http://a.example/x"))
add("3.2.2", E, "absolute form: its authority counts, not Host", request("GET http://b.example/x"),
    check=lambda seen: seen[0].values("host") == [b"b.example"] and seen[0].target == b"/x")
add("3.2.2", E, "absolute form without a path", request("GET http://a.example"), check=lambda seen: seen[0].target == b"/")
add("3.2.2", E, "absolute form with a query only", request("GET http://a.example?q"))
add("9110 4.2.4", E, "absolute form with user and password", request("GET http://u:p@a.example/"))
add("3.2.2", E, "absolute form, scheme in capitals", request("GET HTTP://a.example/"))
add("3.2.2", R, "absolute form with a list of hosts", request("GET http://a,b/"))
add("3.2.2", E, "absolute form without Host in HTTP/1.1", request("GET http://a.example/", host=""))
add("3", A, "a target of 4000 bytes", request("GET /" + "a" * 4000))
add("3", R, "a target of 100,000 bytes", request("GET /" + "a" * 100_000))

# -- Host
for name, host in {
        "none": "", "twice": "Host: a\r\nHost: b", "twice the same": "Host: a\r\nHost: a", "with a space": "Host: a b",
        "with a path": "Host: a/b", "with a user": "Host: u@a", "a list": "Host: a, b", "a port of letters": "Host: a:x",
        "an open bracket": "Host: [::1", "nothing in brackets": "Host: []", "a port only": "Host: :80",
        "with a tab in it": "Host: a\tb", "with a question mark": "Host: a?b", "with #": "Host: a#b", "with \\": "Host: a\\b",
        "with NUL": "Host: a\0b", "two colons": "Host: a:80:80", "a negative port": "Host: a:-1",
        "HOST and Host": "HOST: a\r\nHost: a", "a list without space": "Host: a,b"}.items():
    add("3.2", R, f"Host: {name}", request(host=host))
add("3.2", E, "Host: a port of 99999", request(host="Host: a:99999"))
add("3.2", A, "Host: empty", request(host="Host:"))
add("3.2", A, "Host: an IPv6 address with port", request(host="Host: [::1]:80"))
add("3.2", A, "Host: a name with port", request(host="Host: a.example:8080"))

# -- Fields
for name, line in {
        "a space before the colon": "X : a", "a tab before the colon": "X\t: a", "no colon": "X", "no name": ": a",
        "a space in the name": "X Y: a", "a folded value": "X: a\r\n b", "a value folded by a tab": "X: a\r\n\tb",
        "a folded first line of nothing": "X:\r\n ", "NUL in the value": "X: a\0b", "CR in the value": "X: a\rb",
        "LF in the value": "X: a\nb", "CR at the end of the value": "X: a\r", "NUL in the name": "X\0Y: a"}.items():
    add("5", R, f"field: {name}", request("GET /", line))
add("2.2", R, "whitespace before the first field", request(host=" Host: a"))
for c in "(),/;<=>?@[\\]{}\"\x01\x7f\x80\xe4":
    add("5.1", R, f"field name with {shown(c)}", request("GET /", f"X{c}Y: a"))
for c in "\x01\x08\x0b\x0c\x1b\x1f\x7f":
    add("9110 5.5", E, f"field value with {shown(c)}", request("GET /", f"X: a{c}b"))
for name, line in {"obs-text": "X: \xe4\xff", "a tab": "X: a\tb", "an empty one": "X:", "no space": "X:a",
                   "much space": "X: \t  a \t ", "every token character": "!#$%&'*+-.^_`|~9: a", "a quoted comma": 'X: "a,b"',
                   "colons": "X: a:b:c", "only a digit as name": "1: a"}.items():
    add("5", A, f"field: {name}", request("GET /", line))
add("5", A, "100 fields", request("GET /", *[f"X{i}: a" for i in range(90)]))
add("9110 5.4", R, "a field of 100,000 bytes", request("GET /", "X: " + "a" * 100_000))

# -- Content-Length
for value in ("+5", "-5", "0x5", "5 5", "5, 6", "", "5a", "5.0", "1e1", "5;", '"5"', "\xa05", "5\x0b", "5\xb2", "a", "-0", "5_0", "''",
              "99999999999999999999", "18446744073709551616", "18446744073709551621", "5,", ",5", "5,,5"):
    add("6.2", R, f"Content-Length {shown(value)!r}", post(f"Content-Length: {value}", body=b"hello"))
for name, fields in {"5 and 6": ("Content-Length: 5", "Content-Length: 6"), "6 and 5": ("Content-Length: 6", "Content-Length: 5"),
                     "5 and nothing": ("Content-Length: 5", "Content-Length:"),
                     "folded": ("Content-Length:\r\n 5",), "before the colon a space": ("Content-Length : 5",),
                     "5 and 05x": ("Content-Length: 5", "Content-Length: 05x")}.items():
    add("6.3", R, f"Content-Length twice or odd: {name}", post(*fields, body=b"hello"))
add("6.3", E, "Content-Length 5 twice", post("Content-Length: 5", "Content-Length: 5", body=b"hello"))
add("6.3", E, "Content-Length 5, 5", post("Content-Length: 5, 5", body=b"hello"))
add("6.2", E, "Content-Length 005", post("Content-Length: 005", body=b"hello"))
whole = lambda seen: seen[0].body == b"hello"
add("6.2", A, "Content-Length with space behind it", post("Content-Length: 5  ", body=b"hello"), check=whole)
add("6.2", A, "content-length", post("content-length:5", body=b"hello"), check=whole)
add("6.2", A, "Content-Length 0", post("Content-Length: 0"))
add("6.3", A, "POST without a length has no body", post())
add("9110 9.3.1", A, "GET with a body", request("GET /", "Content-Length: 5", body=b"hello"), check=whole)
add("6.3", A, "a body, then a request", post("Content-Length: 5", body=b"hello") + request("GET /2"), wanted=2,
    check=lambda seen: seen[0].body == b"hello" and seen[1].target == b"/2")
add("6.3", A, "a body that looks like a request", post("Content-Length: 22", body=b"GET /x HTTP/1.1\r\nX: \r\n\r\n"[:22]), most=1)

# -- Transfer-Encoding
FIVE = b"5\r\nhello\r\n0\r\n\r\n"
for name, fields in {
        "and Content-Length": ("Transfer-Encoding: chunked", "Content-Length: 5"),
        "behind Content-Length": ("Content-Length: 15", "Transfer-Encoding: chunked"),
        "chunked twice": ("Transfer-Encoding: chunked, chunked",), "in two lines": ("Transfer-Encoding: chunked",) * 2,
        "chunked not last": ("Transfer-Encoding: chunked, gzip",), "identity": ("Transfer-Encoding: identity",),
        "chunked, identity": ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        "xchunked": ("Transfer-Encoding: xchunked",), "chunkedx": ("Transfer-Encoding: chunkedx",),
        "quoted": ('Transfer-Encoding: "chunked"',), "with a vertical tab": ("Transfer-Encoding: \x0bchunked",),
        "with a form feed": ("Transfer-Encoding: chunked\x0c",), "with NUL": ("Transfer-Encoding: chunked\0",),
        "empty": ("Transfer-Encoding:",), "space before the colon": ("Transfer-Encoding : chunked",),
        "folded": ("Transfer-Encoding:\r\n chunked",), "chunked;q=1": ("Transfer-Encoding: chunked;q=1",),
        "unknown": ("Transfer-Encoding: nonsense",), "chunked chunked": ("Transfer-Encoding: chunked chunked",),
        "with a no-break space": ("Transfer-Encoding: \xa0chunked",), "chunked\\": ("Transfer-Encoding: chunked\\",)}.items():
    add("6.1", R, f"Transfer-Encoding: {name}", post(*fields, body=FIVE))
add("6.1", R, "Transfer-Encoding in HTTP/1.0", request("POST /", "Transfer-Encoding: chunked", version=" HTTP/1.0", body=FIVE))
add("6.1", E, "Transfer-Encoding gzip, chunked", post("Transfer-Encoding: gzip, chunked", body=FIVE))
add("6.1", E, "Transfer-Encoding chunked,", post("Transfer-Encoding: chunked,", body=FIVE))
add("6.1", E, "Transfer-Encoding ,chunked", post("Transfer-Encoding: ,chunked", body=FIVE))
add("7", A, "transfer-encoding CHUNKED", post("transfer-encoding: CHUNKED", body=FIVE), check=whole)
add("6.3", E, "Transfer_Encoding is no Transfer-Encoding", post("Transfer_Encoding: chunked", "Content-Length: 5", body=b"hello"))

# -- Chunks
for name, body in {
        "hex digits of both cases": b"A\r\n0123456789\r\nb\r\n0123456789x\r\n0\r\n\r\n", "leading zeros": b"0005\r\nhello\r\n000\r\n\r\n",
        "an extension": b"5;a\r\nhello\r\n0\r\n\r\n", "an extension with value": b"5;a=b\r\nhello\r\n0;c=d\r\n\r\n",
        "a quoted extension": b'5;a="b;\\"c"\r\nhello\r\n0\r\n\r\n', "one byte each": b"1\r\nh\r\n4\r\nello\r\n0\r\n\r\n",
        "a trailer": b"5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n", "nothing": b"0\r\n\r\n"}.items():
    add("7.1", A, f"chunks: {name}", chunked(body))
for name, body in {
        "0x5": b"0x5\r\nhello\r\n0\r\n\r\n", "-5": b"-5\r\nhello\r\n0\r\n\r\n", "+5": b"+5\r\nhello\r\n0\r\n\r\n",
        "a letter that is no digit": b"g\r\nhello\r\n0\r\n\r\n", "an empty size": b"\r\nhello\r\n0\r\n\r\n",
        "a size of 17 digits": b"10000000000000005\r\nhello\r\n0\r\n\r\n", "a size of 2^64+5": b"10000000000000005\r\nhello0\r\n\r\n",
        "a size of 2^64-1": b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n", "a space before the size": b" 5\r\nhello\r\n0\r\n\r\n",
        "too much data": b"5\r\nhelloworld\r\n0\r\n\r\n", "too little data": b"6\r\nhello\r\n0\r\n\r\n",
        "no CRLF behind the data": b"5\r\nhello0\r\n\r\n", "two CRLF behind the data": b"5\r\nhello\r\n\r\n0\r\n\r\n",
        "CR CR LF behind the size": b"5\r\r\nhello\r\n0\r\n\r\n", "only CR behind the size": b"5\rhello\r\n0\r\n\r\n",
        "only CR behind the data": b"5\r\nhello\r0\r\n\r\n", "XX for the CRLF": b"5\r\nhelloXX0\r\n\r\n", "5,": b"5,\r\nhello\r\n0\r\n\r\n",
        "5 5": b"5 5\r\nhello\r\n0\r\n\r\n", "a dot": b"5.0\r\nhello\r\n0\r\n\r\n", "an underscore": b"0_5\r\nhello\r\n0\r\n\r\n",
        "NUL behind the size": b"5\0\r\nhello\r\n0\r\n\r\n", "a size in quotes": b'"5"\r\nhello\r\n0\r\n\r\n'}.items():
    add("7.1", R, f"chunks: {name}", chunked(body))
for name, body in {
        "LF only behind the size": b"5\nhello\r\n0\r\n\r\n", "LF only behind the data": b"5\r\nhello\n0\r\n\r\n",
        "LF only everywhere": b"5\nhello\n0\n\n", "LF only behind the last size": b"5\r\nhello\r\n0\n\r\n",
        "a space behind the size": b"5 \r\nhello\r\n0\r\n\r\n", "a tab behind the size": b"5\t\r\nhello\r\n0\r\n\r\n",
        "space around an extension": b"5 ; a = b\r\nhello\r\n0\r\n\r\n", "an empty extension": b"5;\r\nhello\r\n0\r\n\r\n",
        "LF in an extension": b"5;a\nb\r\nhello\r\n0\r\n\r\n", "CR in an extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
        "NUL in an extension": b"5;a\0b\r\nhello\r\n0\r\n\r\n", "an open quote": b'5;a="b\r\nhello\r\n0\r\n\r\n',
        "40,000 bytes of extensions": b"5;" + b"a" * 40_000 + b"\r\nhello\r\n0\r\n\r\n"}.items():
    add("7.1.1", E, f"chunks: {name}", chunked(body))
for name, trailer in {"a bad name": b"X Y: 1", "no colon": b"X", "folded": b"X: 1\r\n 2", "LF only": b"X: 1\nY: 2", "NUL": b"X: \0"}.items():
    add("7.1.2", E, f"trailer: {name}", chunked(b"5\r\nhello\r\n0\r\n" + trailer + b"\r\n\r\n"))
for name in ("Content-Length: 9", "Transfer-Encoding: chunked", "Host: b"):
    add("9110 6.5.1", E, f"trailer {name} does not become a field", chunked(b"5\r\nhello\r\n0\r\n" + name.encode() + b"\r\n\r\n"),
        check=lambda seen, field=name.split(":")[0]: b"9" not in seen[0].values(field) and len(seen[0].values(field)) <= 1)
add("6.3", A, "chunks, then a request", chunked(FIVE) + request("GET /2"), wanted=2, check=lambda seen: seen[1].target == b"/2")

# -- Truncation: the client closes its side
for name, data in {"in the request line": b"GET / HT", "behind the request line": b"GET / HTTP/1.1\r\n", "in a field": b"GET / HTTP/1.1\r\nHost: a",
                   "before the empty line": b"GET / HTTP/1.1\r\nHost: a\r\n", "in the empty line": b"GET / HTTP/1.1\r\nHost: a\r\n\r",
                   "before the body": post("Content-Length: 5"), "in the body": post("Content-Length: 5", body=b"hell"),
                   "before the first chunk": chunked(b""), "in a size": chunked(b"5"), "in the data": chunked(b"5\r\nhel"),
                   "behind the data": chunked(b"5\r\nhello"), "before the last chunk": chunked(b"5\r\nhello\r\n"),
                   "in the last chunk": chunked(b"5\r\nhello\r\n0"), "before the end of the trailers": chunked(b"5\r\nhello\r\n0\r\n"),
                   "in a trailer": chunked(b"5\r\nhello\r\n0\r\nX: 1\r\n")}.items():
    add("8", R, f"cut short {name}", data, half_close=True)

# -- Pipelining and smuggling
add("9.3.2", A, "three requests at once", request("GET /1") + request("GET /2") + request("GET /3"), wanted=3,
    check=lambda seen: [one.target for one in seen] == [b"/1", b"/2", b"/3"])
add("9.6", A, "nothing is served behind Connection: close", request("GET /", "Connection: close") + request("GET /2"), most=1)
add("9.3", A, "nothing is served behind HTTP/1.0", request("GET /", version=" HTTP/1.0") + request("GET /2"), most=1)
add("11.2", R, "CL.TE", post("Content-Length: 6", "Transfer-Encoding: chunked", body=b"0\r\n\r\nG"))
add("11.2", R, "TE.CL", post("Transfer-Encoding: chunked", "Content-Length: 4", body=b"5c\r\nGPOST / HTTP/1.1\r\n\r\n0\r\n\r\n"))
add("11.2", R, "TE.TE", post("Transfer-Encoding: chunked", "Transfer-Encoding: x", body=FIVE))
add("11.2", R, "Content-Length by a control character", post("Content-Length\x01: 5", body=b"hello"))
add("11.2", E, "CL.0", request("GET /", "Content-Length: 18", body=b"GET /x HTTP/1.1\r\n\r"), most=1)

# -- Hops
add("9110 7.6.1", A, "fields of this hop stay here",
    request("GET /", "Connection: X-Hop, keep-alive", "X-Hop: 1", "Keep-Alive: 5", "Proxy-Connection: x", "TE: gzip", "X-Stays: 1"),
    check=lambda seen: not any(seen[0].values(one) for one in ("X-Hop", "Keep-Alive", "Proxy-Connection", "TE"))
    and seen[0].values("X-Stays") == [b"1"])
for field in ("Host", "Content-Length", "X-Forwarded-For", "Via", "Cookie", "Authorization"):
    add("9110 7.6.1", E, f"Connection: {field} removes nothing",
        post(f"Connection: {field}", "Cookie: a=b", "Authorization: x", "Content-Length: 5", body=b"hello"),
        check=lambda seen, field=field: len(seen[0].values(field)) == 1)
add("9110 7.6.1", A, "X-Forwarded-For continues what the client says", request("GET /", "X-Forwarded-For: 1.2.3.4"),
    check=lambda seen: seen[0].values("x-forwarded-for") == [b"1.2.3.4, 127.0.0.1"])
add("9110 7.6.3", A, "Via", request(), check=lambda seen: seen[0].values("via") == [b"1.1 vpclab"])
add("9110 10.1.1", A, "Expect: 100-continue", post("Expect: 100-continue", "Content-Length: 5", body=b"hello"), check=whole)
add("9110 10.1.1", E, "Expect: something else", request("GET /", "Expect: tea"))
add("9110 7.8", E, "Upgrade: h2c", request("GET /", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"),
    check=lambda seen: not seen[0].values("upgrade"))
for method in ("OPTIONS", "TRACE"):
    add("9110 7.6.2", R, f"{method} that may go no further", request(f"{method} /", "Max-Forwards: 0"))
    add("9110 7.6.2", A, f"{method} that may go on", request(f"{method} /", "Max-Forwards: 3"),
        check=lambda seen: seen[0].values("max-forwards") == [b"2"])
    add("9110 7.6.2", E, f"{method}, Max-Forwards is no number", request(f"{method} /", "Max-Forwards: -1"))
    add("9110 7.6.2", E, f"{method}, Max-Forwards twice", request(f"{method} /", "Max-Forwards: 1", "Max-Forwards: 2"))
    add("9110 7.6.2", E, f"{method}, Max-Forwards is a large number", request(f"{method} /", "Max-Forwards: " + "9" * 30),
        check=lambda seen: int(seen[0].values("max-forwards")[0]) < 1 << 31)
add("9110 7.6.2", A, "GET has no limit", request("GET /", "Max-Forwards: 0"))
add("9110 7.6.2", E, "TRACE with a body", request("TRACE /", "Content-Length: 5", body=b"hello"))

# -- What a backend answers


def answer(section: str, expect: str, name: str, *parts: bytes, ends: bool = True, line: str = "GET /", **more):
    data = b"".join(parts)
    add(section, expect, f"answer: {name}", request(line), reply=lambda message, number: (data, ends), **more)


H = b"HTTP/1.1 200 OK\r\n"
for name, data in {"cut short in the body": H + b"Content-Length: 9\r\n\r\nhello", "cut short in the head": H + b"Content-",
                   "cut short in a chunk": H + b"Transfer-Encoding: chunked\r\n\r\n9\r\nhello", "nothing at all": b"",
                   "chunks without an end": H + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                   "a chunk's size is no number": H + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
                   "a chunk's size too large": H + b"Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n",
                   "two different lengths": H + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
                   "a length that is no number": H + b"Content-Length: x\r\n\r\nhello", "a negative length": H + b"Content-Length: -5\r\n\r\nhello",
                   "no HTTP": b"hello\r\n\r\n", "a status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
                   "a status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", "a status of letters": b"HTTP/1.1 abc OK\r\n\r\n",
                   "HTTP/2.0": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/0.9": b"hello", "NUL in a value": H + b"X: a\0b\r\nContent-Length: 0\r\n\r\n",
                   "a space before a colon": H + b"X : a\r\nContent-Length: 0\r\n\r\n", "a field without colon": H + b"X\r\nContent-Length: 0\r\n\r\n",
                   "a space in a name": H + b"X Y: a\r\nContent-Length: 0\r\n\r\n", "a head of 200,000 bytes": H + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
                   "CR in a value": H + b"X: a\rb\r\nContent-Length: 0\r\n\r\n", "101 unasked": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"}.items():
    answer("8" if "short" in name or "end" in name else "6.3", R, name, data)
answer("6.3", E, "chunked and Content-Length", H, b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + FIVE)
answer("6.1", E, "an unknown coding", H, b"Transfer-Encoding: nonsense\r\n\r\nhello")
answer("5.2", E, "a folded field", H, b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n")
answer("2.2", E, "LF only", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n")
answer("6.3", E, "the same length twice", H, b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello")
answer("15", E, "status 600", b"HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n")
answer("4", A, "no reason phrase", b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", body=b"ok")
answer("6.3", A, "until the connection ends", H, b"\r\nhello", body=b"hello")
answer("6.3", A, "HTTP/1.0 until the connection ends", b"HTTP/1.0 200 OK\r\n\r\nhello", body=b"hello")
answer("7.1", A, "chunks", H, b"Transfer-Encoding: chunked\r\n\r\n", FIVE, body=b"hello")
answer("7.1.2", A, "chunks with a trailer", H, b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: 1\r\n\r\n", body=b"hello")
answer("6.3", A, "204", b"HTTP/1.1 204 No Content\r\n\r\n")
answer("6.3", A, "304 with the length of what is not sent", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n")
answer("6.3", A, "to HEAD, with the length of what is not sent", H, b"Content-Length: 9\r\n\r\n", line="HEAD /")
answer("9110 15.2", A, "103, then 200", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", OK, body=b"ok")
answer("9110 15.2", E, "100 unasked, then 200", b"HTTP/1.1 100 Continue\r\n\r\n", OK, body=b"ok")
answer("9.2", A, "with something behind it that is not passed on", OK, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong", body=b"ok")
answer("5", A, "obs-text in a value", H, b"X: \xe4\r\nContent-Length: 2\r\n\r\nok", body=b"ok")

# -- Trying again
fails_once = lambda message, number: (b"", True) if number == 1 else (OK, False)
fails_second = lambda message, number: (b"", True) if number == 2 else (OK, False)
add("9110 9.2.2", R, "POST is not sent twice", post("Content-Length: 5", body=b"hello"), reply=fails_once, most=1)
add("9110 9.2.2", E, "POST on a kept connection is not sent twice", post("Content-Length: 5", body=b"hello") * 2, wanted=2, reply=fails_second,
    most=2)
add("9110 9.2.2", E, "PATCH is not sent twice", request("PATCH /", "Content-Length: 5", body=b"hello"), reply=fails_once, most=1)
add("9110 9.2.2", A, "GET on a kept connection that ends is sent again", request("GET /1") + request("GET /2"), wanted=2, reply=fails_second)
