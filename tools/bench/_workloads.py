"""The workloads: the bytes of one request, and a check of the response.

Every server and both load generators get the same bytes. The check compares the status and the body
(JSON by value, because its white space may differ), not the headers.
"""

import json
from collections.abc import Callable
from typing import Final, NamedTuple, final

__all__ = ["DEFAULT", "WORKLOADS", "Workload"]


@final
class Workload(NamedTuple):
    """One kind of request."""

    name: str
    #: The bytes of one request.
    request: bytes
    #: Returns True for the right body.
    accepts: Callable[[bytes], bool]
    #: How many requests a client sends in one write.
    pipelined: int = 1
    #: An option of the servers that have what the work needs: ``access-log`` (in aiohttp's format
    #: and to ``/dev/null``), ``middlewares`` (three that do nothing),
    #: ``sub-application`` (the handler is in one).
    option: str | None = None
    #: Returns the request of a number, all of one size; clients send ``DISTINCT`` of them in turn.
    numbered: Callable[[int], bytes] | None = None

    def writes(self) -> bytes:
        """Return what a client writes: one write behind the other, all of one size."""
        if self.numbered is None:
            return self.request * self.pipelined
        return b"".join(map(self.numbered, range(DISTINCT)))


#: The requests of a workload whose heads differ.
DISTINCT: Final = 5000


def _get(path: str, headers: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost:8080\r\n{headers}\r\n".encode()


def _post(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost:8080\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _equals(expected: bytes) -> Callable[[bytes], bool]:
    return lambda body: body == expected


def _is_json(body: bytes) -> bool:
    try:
        return bool(json.loads(body) == {"message": "Hello, World!"})
    except ValueError:
        return False


#: The header fields of Chromium on a desktop when the user follows a link inside a site, with the
#: cookies of a session, a consent banner and the usual analytics.
_BROWSER = """\
Connection: keep-alive
Cache-Control: max-age=0
sec-ch-ua: "Chromium";v="142", "Not_A Brand";v="99"
sec-ch-ua-mobile: ?0
sec-ch-ua-platform: "Linux"
Upgrade-Insecure-Requests: 1
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
Chrome/142.0.0.0 Safari/537.36
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,\
*/*;q=0.8,application/signed-exchange;v=b3;q=0.7
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: navigate
Sec-Fetch-User: ?1
Sec-Fetch-Dest: document
Referer: http://localhost:8080/products?category=books&page=2
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-GB,en-US;q=0.9,en;q=0.8,de;q=0.7
Cookie: sessionid=k3v9q0x7w2m5t8r1y4u6i0p3a7s2d5f8; csrftoken=Zx8Cv5Bn2Mq9We6Rt3Yu0Io7; \
_ga=GA1.1.1203948571.1719834652; _ga_7XQ2M4KD9B=GS1.1.1719834652.3.1.1719835201.0.0.0; \
consent=necessary%2Canalytics; theme=dark
If-None-Match: "33a64df551425fcc55e4d42a148795d9"
""".replace("\n", "\r\n")

_NAME: Final = "ada-lovelace"


def _differ(number: int) -> bytes:
    """Return a browser's request with a path, a referer and a cookie of its own."""
    fields = _BROWSER.replace("&page=2", f"&page={number:05}").replace("k3v9q", f"{number:05}")
    return _get(f"/user/{_NAME}-{number:05}", fields)


_KIB: Final = bytes(range(256)) * 4
_HELLO: Final = _equals(b"Hello, World!")

_ALL = (
    Workload("hello", _get("/"), _HELLO),
    Workload("json", _get("/json"), _is_json),
    Workload("path", _get(f"/user/{_NAME}"), _equals(_NAME.encode())),
    Workload("browser", _get("/", _BROWSER), _HELLO),
    Workload("same", _differ(0), _equals(f"{_NAME}-00000".encode())),
    Workload("differ", _differ(0), _equals(f"{_NAME}-00000".encode()), numbered=_differ),
    Workload("echo-1k", _post("/echo", _KIB), _equals(_KIB)),
    Workload("echo-1m", _post("/echo", _KIB * 1024), _equals(_KIB * 1024)),
    Workload("logged", _get("/"), _HELLO, option="access-log"),
    Workload("middlewares", _get("/"), _HELLO, option="middlewares"),
    Workload("subapp", _get("/sub/hello"), _HELLO, option="sub-application"),
    Workload("pipelined", _get("/"), _HELLO, pipelined=16),
)

#: All workloads by name.
WORKLOADS: Final = {workload.name: workload for workload in _ALL}

#: The workloads that run by default.
DEFAULT: Final = ("hello", "json", "path", "browser", "differ", "echo-1k")
