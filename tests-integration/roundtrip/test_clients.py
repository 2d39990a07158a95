"""Forms of real clients over a socket: ``post()`` and ``multipart()`` read what the user chose.

Some clients destroy information. Their rows in ``LOST`` say what arrives, and why.
"""

import asyncio
import io
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

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


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with form_server() as url:
        yield url


@pytest.mark.parametrize("name", FORM_NAMES, ids=ascii)
@pytest.mark.parametrize("client", CLIENTS)
def test_names(server: str, client: str, name: str, tmp_path: Path) -> None:
    for way in ("post", "multipart"):
        found = CLIENTS[client](f"{server}/{way}", name, tmp_path)
        print(client, ascii(name), found[:300])
        got: FormParts = [tuple(part) for part in json.loads(found)]
        assert got == [(name, None, VALUE), ("up", name, DATA.decode("latin-1"))]
