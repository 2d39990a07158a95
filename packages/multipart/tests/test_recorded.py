"""Bodies as real clients send them: recorded from Chromium, curl, requests, httpx and aiohttp
(fixtures/), and in the form that Safari and Firefox give them (WHATWG HTML, section 4.10.21.8)."""

from pathlib import Path

import pytest

from treadle_multipart import Form, FormFile, parse_form

FIXTURES = Path(__file__).parent / "fixtures"
ALL_BYTES = bytes(range(256))
TEXT = "hello"
UNICODE = "Gr\xfc\xdfe \U0001f600"
SMILE = "\U0001f600".encode()

FIELDS: list[tuple[str, object]] = [
    ("text", TEXT),
    ("unicode", UNICODE),
    ("blank", ""),
    ('na"me\r\nx', "odd name"),
    ("lines", "a\r\nb\nc"),
]


def files(
    quoted: str = 'qu"ote\\.txt', smile: str = "smile \U0001f600.txt", **types: str
) -> list[tuple[str, object]]:
    default = types.get("default", "application/octet-stream")
    text = types.get("text", default)
    return [
        ("up", ("plain.txt", "text/plain", b"line one\r\nline two\n")),
        ("up", ("empty.bin", default, b"")),
        ("up", (quoted, text, b"q")),
        ("up", (smile, text, SMILE)),
        ("bin", ("bin.dat", "image/x-test", ALL_BYTES)),
    ]


CURL_FIELDS = [(name.replace("\r\nx", ""), value) for name, value in FIELDS]

RECORDED: dict[str, list[tuple[str, object]]] = {
    "curl-fields": CURL_FIELDS,
    "curl-files": files(text="text/plain"),
    "curl-form-escape": [('na"me\\x', "v"), ("up", ('qu"ote\\.txt', "text/plain", b"q"))],
    "curl-typed": [("typed", "line one\r\nline two\n")],
    "curl-encoders": [
        ("b64", ("bin.dat", "application/octet-stream", ALL_BYTES)),
        ("qp", "caf\xe9 = 1"),
    ],
    "curl-urlencoded": [("q", "a b&c"), ("u", "\xfc\U0001f600"), ("blank", ""), ("bare", "")],
    "requests": FIELDS + files(),
    "requests-urlencoded": FIELDS,
    "httpx": FIELDS + files(text="text/plain"),
    # Chromium 156 on Linux; ``none`` is a file input in which nothing was chosen.
    "chromium": [
        *FIELDS[:4],
        ("lines", "a\r\nb\r\nc"),
        ("_charset_", "UTF-8"),
        ("none", b""),
        *files(text="text/plain")[:4],
        ("bin", ("bin.dat", "application/octet-stream", ALL_BYTES)),
    ],
    # aiohttp's client percent-encodes whole file names; no reader can know that it did.
    "aiohttp": CURL_FIELDS + files('qu"ote%5C.txt', "smile%20%F0%9F%98%80.txt"),
}

# (Content-Type, body, fields); boundaries as each browser makes them.
WEBKIT = "----WebKitFormBoundaryAbCdEfGh12345678"
GECKO = "----geckoformboundary5f3c1f0d6ab34e5c8d1a2b3c4d5e6f70"
OLD_GECKO = "---------------------------9051914041544843365972754266"


def browser_body(boundary: str) -> bytes:
    """Quotes and line ends in names percent-encoded, backslashes not, all else UTF-8."""
    parts = (
        '; name="text"\r\n\r\nhello',
        '; name="na%22me%0D%0Ax"\r\n\r\nodd name',
        '; name="a\\b"\r\n\r\nbackslash',
        '; name="lines"\r\n\r\na\r\nb\r\nc',
        '; name="none"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n',
        '; name="up"; filename="a%22b.txt"\r\nContent-Type: text/plain\r\n\r\none',
        '; name="up"; filename="smile \U0001f600.txt"\r\nContent-Type: text/plain\r\n\r\ntwo',
        '; name="up"; filename="empty"\r\nContent-Type: application/octet-stream\r\n\r\n',
        '; name="_charset_"\r\n\r\nUTF-8',
    )
    text = "".join(f"--{boundary}\r\nContent-Disposition: form-data{part}\r\n" for part in parts)
    return (text + f"--{boundary}--\r\n").encode()


BROWSER_FIELDS: list[tuple[str, object]] = [
    ("text", TEXT),
    ('na"me\r\nx', "odd name"),
    ("a\\b", "backslash"),
    ("lines", "a\r\nb\r\nc"),
    ("none", b""),
    ("up", ('a"b.txt', "text/plain", b"one")),
    ("up", ("smile \U0001f600.txt", "text/plain", b"two")),
    ("up", ("empty", "application/octet-stream", b"")),
    ("_charset_", "UTF-8"),
]


def read(form: Form) -> list[tuple[str, object]]:
    with form:
        return [
            (name, (value.filename, value.content_type, value.read()))
            if isinstance(value, FormFile)
            else (name, value)
            for name, value in form.items()
        ]


def cuts(body: bytes) -> list[int]:
    """Return every place in and next to a line that holds a boundary."""
    marks = [at for at in range(len(body)) if body.startswith(b"\r\n--", at) or at == 0]
    return sorted({at + offset for at in marks for offset in range(-3, 75) if at + offset > 0})


def check(content_type: str, body: bytes, expected: list[tuple[str, object]]) -> None:
    assert read(parse_form(content_type, body)) == expected
    for size in (1, 2, 3, 16, 64):
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        assert read(parse_form(content_type, pieces)) == expected
    for cut in cuts(body):
        assert read(parse_form(content_type, [body[:cut], body[cut:]])) == expected


@pytest.mark.parametrize("name", RECORDED)
def test_recorded(name: str) -> None:
    head, _, body = (FIXTURES / f"{name}.body").read_bytes().partition(b"\r\n\r\n")
    check(head.decode().removeprefix("Content-Type: "), body, RECORDED[name])


def test_every_fixture_is_used() -> None:
    assert {path.stem for path in FIXTURES.iterdir()} == set(RECORDED)


@pytest.mark.parametrize("boundary", [WEBKIT, GECKO, OLD_GECKO])
def test_browsers(boundary: str) -> None:
    check(f"multipart/form-data; boundary={boundary}", browser_body(boundary), BROWSER_FIELDS)


def test_browser_sends_no_field() -> None:
    body = f"--{WEBKIT}--\r\n".encode()
    assert read(parse_form(f"multipart/form-data; boundary={WEBKIT}", body)) == []
