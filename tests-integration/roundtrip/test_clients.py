"""Forms of real clients over a socket: ``post()`` and ``multipart()`` read what the user chose.

Some clients destroy information. ``READ`` has what arrives of a name and of a file name, and says
why; ``REFUSED`` what a client does not send.
"""

import asyncio
import io
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import aiohttp
import httpx
import pytest
import requests

from testkit import FORM_NAMES, FormParts, form_server
from treadle_responses import StringPayload
from treadle_server import MultipartWriter

VALUE, DATA = "a\r\nb", bytes(range(256)) + b"\r\n--\r\n"

Client = Callable[[str, str, Path], str]


def of_aiohttp(quote_fields: bool) -> Client:
    async def send(url: str, name: str) -> str:
        form = aiohttp.FormData(quote_fields=quote_fields, default_to_multipart=True)
        form.add_field(name, VALUE)
        form.add_field("up", io.BytesIO(DATA), filename=name)
        async with aiohttp.ClientSession() as session, session.post(url, data=form) as response:
            return await response.text()

    return lambda url, name, _: asyncio.run(send(url, name))


def of_treadle(url: str, name: str, _: Path) -> str:
    writer = MultipartWriter("form-data")
    writer.append_payload(StringPayload(VALUE)).set_content_disposition("form-data", name=name)
    writer.append(DATA).set_content_disposition("form-data", name="up", filename=name)
    body = asyncio.run(writer.as_bytes())
    return httpx.post(url, content=body, headers={"Content-Type": writer.content_type}).text


def of_requests(url: str, name: str, _: Path) -> str:
    return requests.post(url, data={name: VALUE}, files={"up": (name, DATA)}, timeout=20).text


def of_httpx(url: str, name: str, _: Path) -> str:
    return httpx.post(url, data={name: VALUE}, files={"up": (name, DATA)}).text


def of_curl(*options: str) -> Client:
    def send(url: str, name: str, folder: Path) -> str:
        (folder / "data").write_bytes(DATA)
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        # A name ends at the first ``=`` of the argument: curl cannot send another one.
        field = f"{name.replace('=', '')}={VALUE}"
        upload = f'up=@{folder / "data"};filename="{quoted}"'
        command = ["curl", "-s", *options[:-1], options[-1], field, "-F", upload, url]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return send


CLIENTS: dict[str, Client] = {
    "treadle": of_treadle,
    "aiohttp": of_aiohttp(True),
    "aiohttp unquoted": of_aiohttp(False),
    "requests": of_requests,
    "httpx": of_httpx,
}
if shutil.which("curl"):
    CLIENTS |= {
        "curl -F": of_curl("-F"),
        "curl --form-string": of_curl("--form-string"),
        "curl --form-escape": of_curl("--form-escape", "-F"),
    }


def undone(name: str) -> str:
    """No client escapes a percent sign, so that ``%22`` is a quote to every reader of forms."""
    for escape, char in (("%22", '"'), ("%0a", "\n"), ("%0d", "\r")):
        name = name.replace(escape, char).replace(escape.upper(), char)
    return name


def both(name: str) -> tuple[str, str]:
    return undone(name), undone(name)


def by_curl(name: str) -> tuple[str, str]:
    # The name of a field ends at the first ``=`` of the argument.
    return undone(name.replace("=", "")), undone(name)


READ: dict[str, Callable[[str], tuple[str, str]]] = {
    # File names are percent-encoded for mail of 7 bits. Undoing it would change ``caf%C3%A9`` of
    # other clients; aiohttp's server does not.
    "aiohttp": lambda name: (undone(name), undone(quote(name, ""))),
    # All control characters are percent-encoded, though WHATWG has only CR and LF.
    "httpx": lambda name: both(name.replace("\t", "%09")),
    "curl -F": by_curl,
    "curl --form-string": by_curl,
    "curl --form-escape": by_curl,
}
REFUSED = {
    # The client asserts that there is a ``name=``, and writes ``name*=``.
    **{("aiohttp", name): aiohttp.ClientError for name in FORM_NAMES if not name.isascii()},
    ("aiohttp", "cr\r\nlf"): ValueError,
    ("aiohttp unquoted", "cr\r\nlf"): ValueError,
    # Written as it is: a header that ends in the middle, which is answered with 400.
    ("curl --form-escape", "cr\r\nlf"): json.JSONDecodeError,
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with form_server() as url:
        yield url


def parts(answer: str) -> FormParts:
    return [(name, filename, data) for name, filename, data in json.loads(answer)]


@pytest.mark.parametrize("way", ["post", "multipart"])
@pytest.mark.parametrize("name", FORM_NAMES, ids=ascii)
@pytest.mark.parametrize("client", CLIENTS)
def test_names(server: str, client: str, name: str, way: str, tmp_path: Path) -> None:
    def send() -> FormParts:
        return parts(CLIENTS[client](f"{server}/{way}", name, tmp_path))

    refusal = REFUSED.get((client, name))
    if refusal is not None:
        with pytest.raises(refusal):
            send()
        return
    field, filename = READ.get(client, both)(name)
    assert send() == [(field, None, VALUE), ("up", filename, DATA.decode("latin-1"))]


#: Lines of Content-Disposition that no client of this module writes, with what we read.
DISPOSITIONS = [
    # aiohttp's client before it asserted that there is a ``name=``.
    (b"form-data; name*=utf-8''caf%C3%A9", "caf\xe9", None),
    (b"form-data; name*=utf-8''%E6%97%A5; filename=\"a\"", "\u65e5", "a"),
    (b"form-data; name=a; filename*=utf-8''caf%C3%A9", "a", "caf\xe9"),
    # Plain ones win: RFC 7578 has no others, and a filter may know no others.
    (b"form-data; name=a; name*=utf-8''b; filename=c; filename*=utf-8''d", "a", "c"),
    # Folded, by mailers and old libraries.
    (b'form-data;\r\n name="a";\r\n\tfilename="b"', "a", "b"),
    # Any order, any case, tabs.
    (b'FORM-DATA ;\tFileName = "b" ;NAME=a', "a", "b"),
    # Not quoted though it had to be, not escaped though it had to be.
    (b"form-data; name=user[name]; filename=my file (1).txt", "user[name]", "my file (1).txt"),
    (b'form-data; name="a\\"; filename="b\\"', "a\\", "b\\"),
    # A page in another charset.
    (b'form-data; name="caf\xe9"; filename="\xe9.txt"', "caf\ufffd", "\ufffd.txt"),
    # No file was chosen.
    (b'form-data; name="a"; filename=""', "a", None),
    (b'form-data; name=""', "", None),
]


@pytest.mark.parametrize("way", ["post", "multipart"])
@pytest.mark.parametrize(("line", "name", "filename"), DISPOSITIONS, ids=range(len(DISPOSITIONS)))
def test_dispositions(server: str, line: bytes, name: str, filename: str | None, way: str) -> None:
    body = b"--=x/:?\r\nContent-Disposition: %b\r\n\r\nabc\r\n--=x/:?--\r\n" % line
    headers = {"Content-Type": "multipart/form-data; boundary==x/:?"}
    answer = httpx.post(f"{server}/{way}", content=body, headers=headers)
    assert parts(answer.text) == [(name, filename, "abc")]


AMBIGUOUS = [
    b"form-data; name=a; name=b",
    b"form-data; name=a; filename=b; filename=c",
    b"form-data; name=a\r\nContent-Disposition: form-data; name=b",
    b'form-data; name="a"b"',
    b"form-data; name*=punycode''a",
    b"form-data; name*=utf-8''%FF",
    b"form-data",
    b"attachment; name=a",
    b'form-data; name="a\n b"',
    b'form-data; name="a\0b"',
]


@pytest.mark.parametrize("line", AMBIGUOUS, ids=range(len(AMBIGUOUS)))
def test_names_that_two_readers_would_read_differently(server: str, line: bytes) -> None:
    body = b"--x\r\nContent-Disposition: %b\r\n\r\nabc\r\n--x--\r\n" % line
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert httpx.post(f"{server}/post", content=body, headers=headers).status_code == 400
