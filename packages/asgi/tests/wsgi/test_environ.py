"""The environ of a request, key by key."""

from collections.abc import Callable
from typing import Any

import pytest

from testkit import Run, serve
from treadle_server import Application, TrustedProxies

Environ = dict[str, Any]


def environ_of(
    run: Run, request: bytes, prefix: str = "/", options: dict[str, Any] | None = None
) -> Environ:
    """Return the environ of a request that was sent as it is."""
    seen: list[Environ] = []

    def app(environ: Environ, start: Callable[..., object]) -> list[bytes]:
        seen.append({**environ, "body": environ["wsgi.input"].read()})
        start("200 OK", [])
        return []

    async def main() -> None:
        outer = Application()
        outer.router.mount_wsgi(prefix, app)
        async with serve(outer, **(options or {})) as connect:
            peer = await connect()
            await peer.send(request)
            assert (await peer.head()).startswith(b"HTTP/1.1 200")

    run(main())
    return seen[0]


def get(target: str, *fields: str) -> bytes:
    lines = [f"GET {target} HTTP/1.1", "Host: a.example:81", *fields]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n"


# Prefix, target; SCRIPT_NAME, PATH_INFO, QUERY_STRING, variables.
PATHS = [
    ("/", "/", "", "/", "", {}),
    ("/", "/a/b?x=1?2", "", "/a/b", "x=1?2", {}),
    ("/api", "/api", "/api", "", "", {}),
    ("/api/", "/api", "/api", "", "", {}),
    ("/api", "/api/", "/api", "/", "", {}),
    ("/api", "/api?q", "/api", "", "q", {}),
    ("/api", "/api//x", "/api", "//x", "", {}),
    ("/api", "/api/../x", "/api", "/../x", "", {}),
    ("/api", "/api/%2e%2e/x", "/api", "/../x", "", {}),
    ("/api", "/api/a%2Fb", "/api", "/a/b", "", {}),
    ("/api", "/api/a%252Fb", "/api", "/a%2Fb", "", {}),
    ("/api", "/%61pi/x", "/api", "/x", "", {}),
    ("/api", "/api/%C3%A9", "/api", "/\xc3\xa9", "", {}),
    ("/api", "/api/%FF%", "/api", "/\xff%", "", {}),
    ("/{t}/api", "/x/api/y", "/x/api", "/y", "", {"t": "x"}),
    ("/{t}/api", "/a%2Fb/api/c%2Fd", "/a/b/api", "/c/d", "", {"t": "a/b"}),
    ("/{t}/api", "/%C3%A9/api", "/\xc3\xa9/api", "", "", {"t": "\xe9"}),
    ("/{n!int}", "/007/x", "/007", "/x", "", {"n": "007"}),
    (r"/{t:\w+/\w+}/api", "/a/b/api/c/d", "/a/b/api", "/c/d", "", {"t": "a/b"}),
]


@pytest.mark.parametrize(("prefix", "target", "script", "path", "query", "variables"), PATHS)
def test_paths(
    prefix: str,
    target: str,
    script: str,
    path: str,
    query: str,
    variables: dict[str, str],
    run: Run,
) -> None:
    environ = environ_of(run, get(target), prefix)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"], environ["QUERY_STRING"]) == (
        script, path, query,
    )  # fmt: skip
    assert environ["treadle.match_info"] == variables
    assert environ["REQUEST_URI"] == environ["RAW_URI"] == target


# Fields, and the keys that they become; None for no key.
FIELDS: list[tuple[list[str], dict[str, str | None]]] = [
    (["X-One: 1"], {"HTTP_X_ONE": "1"}),
    (["X-One: 1", "x-oNE: 2"], {"HTTP_X_ONE": "1, 2"}),
    (["Cookie: a=1", "Cookie: b=2"], {"HTTP_COOKIE": "a=1; b=2"}),
    (["X_One: bad"], {"HTTP_X_ONE": None}),
    (["X-Forwarded-For: 1.1.1.1", "X_Forwarded-For: 6.6.6.6"], {"HTTP_X_FORWARDED_FOR": "1.1.1.1"}),
    (["Proxy: http://evil"], {"HTTP_PROXY": None}),
    (["X-Latin: \xe9\xff"], {"HTTP_X_LATIN": "\xe9\xff"}),
    (["Content-Type: text/x"], {"CONTENT_TYPE": "text/x", "HTTP_CONTENT_TYPE": None}),
    ([], {"CONTENT_TYPE": None, "CONTENT_LENGTH": None, "HTTP_CONTENT_LENGTH": None}),
    ([], {"HTTP_HOST": "a.example:81", "wsgi.url_scheme": "http", "HTTPS": None}),
    (["Content-Length: 0"], {"CONTENT_LENGTH": "0", "HTTP_CONTENT_LENGTH": None}),
]


@pytest.mark.parametrize(("fields", "keys"), FIELDS)
def test_fields(fields: list[str], keys: dict[str, str | None], run: Run) -> None:
    environ = environ_of(run, get("/", *fields))
    assert {key: environ.get(key) for key in keys} == keys


BODIES = [
    (b"Content-Length: 5\r\n\r\nhello", "5", b"hello"),
    (b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "5", b"hello"),
    (b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "0", b""),
    (b"Content-Length: 0\r\n\r\n", "0", b""),
]


@pytest.mark.parametrize(("rest", "length", "body"), BODIES)
def test_a_body_has_its_length(rest: bytes, length: str, body: bytes, run: Run) -> None:
    environ = environ_of(run, b"POST / HTTP/1.1\r\nHost: a\r\n" + rest)
    assert (environ["CONTENT_LENGTH"], environ["body"]) == (length, body)
    assert environ["wsgi.input_terminated"] is True


def test_the_coding_that_the_server_has_undone_is_left_out(run: Run) -> None:
    import gzip

    data = gzip.compress(b"plain")
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    environ = environ_of(run, head % len(data) + data)
    assert (environ["CONTENT_LENGTH"], environ["body"]) == ("5", b"plain")
    assert "HTTP_CONTENT_ENCODING" not in environ
    kept = environ_of(run, head % len(data) + data, options={"auto_decompress": False})
    assert (kept["CONTENT_LENGTH"], kept["body"]) == (str(len(data)), data)
    assert kept["HTTP_CONTENT_ENCODING"] == "gzip"


def test_addresses(run: Run) -> None:
    environ = environ_of(run, get("/"))
    assert environ["SERVER_NAME"] == environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["SERVER_PORT"].isdigit()
    assert environ["REMOTE_PORT"].isdigit()
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert environ["REQUEST_METHOD"] == "GET"


def test_a_trusted_proxy_is_believed(run: Run) -> None:
    environ = environ_of(
        run,
        get(
            "/", "X-Forwarded-For: 9.9.9.9", "X-Forwarded-Proto: https",
            "X-Forwarded-Host: b.example",
        ),
        options={"trusted_proxies": TrustedProxies(["127.0.0.1"], fields=("for", "proto", "host"))},
    )  # fmt: skip
    assert environ["REMOTE_ADDR"] == "9.9.9.9"
    assert "REMOTE_PORT" not in environ
    assert (environ["wsgi.url_scheme"], environ["HTTPS"]) == ("https", "on")
    assert environ["HTTP_HOST"] == "b.example"


def test_http_1_0_without_a_host(run: Run) -> None:
    seen: list[Environ] = []

    def app(environ: Environ, start: Callable[..., object]) -> list[bytes]:
        seen.append(dict(environ))
        start("200 OK", [])
        return []

    async def main() -> None:
        outer = Application()
        outer.router.mount_wsgi("/", app)
        async with serve(outer) as connect:
            await (await connect()).ask(b"GET / HTTP/1.0\r\n\r\n")

    run(main())
    assert seen[0]["SERVER_PROTOCOL"] == "HTTP/1.0"
    assert "HTTP_HOST" not in seen[0]


def test_the_host_of_an_absolute_target_counts(run: Run) -> None:
    environ = environ_of(run, b"GET http://b.example/x HTTP/1.1\r\nHost: b.example\r\n\r\n")
    assert (environ["HTTP_HOST"], environ["PATH_INFO"]) == ("b.example", "/x")
