"""``docs/defaults.md`` has the limits of the code: each one, and with its default."""

import asyncio
import dataclasses
import importlib
import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from treadle import web
from treadle_asgi import WebSocketSettings, converse
from treadle_channels import Channels
from treadle_http_parser import Limits
from treadle_limits import MemoryStore
from treadle_multipart import LimitError, MultipartLimits, SpoolPolicy
from treadle_server import ServerConfig
from treadle_testing import MemoryClient

DOCS: Final = Path(__file__).resolve().parent.parent / "packages/treadle/docs"
UNITS: Final = {"KiB": 2**10, "MiB": 2**20}


def fields(cls: type) -> dict[str, object]:
    assert dataclasses.is_dataclass(cls)
    return {field.name: field.default for field in dataclasses.fields(cls)}


def parameters(function: object) -> dict[str, object]:
    assert callable(function)
    return {name: each.default for name, each in inspect.signature(function).parameters.items()}


def constant(name: str) -> Any:
    module, _, name = name.rpartition(".")
    return getattr(importlib.import_module(module), name)


MULTIPART: Final = fields(MultipartLimits)
#: For each heading the defaults that its rows are compared with.
SOURCES: Final[dict[str, Mapping[str, object]]] = {
    "Request heads": fields(Limits),
    "Bodies and forms": (
        parameters(web.Application) | fields(ServerConfig) | fields(SpoolPolicy) | MULTIPART
    ),
    "Connections": parameters(web.run_app) | fields(ServerConfig),
    "WebSockets": parameters(web.WebSocketResponse),
    # The options of a static folder have no signature: a test below looks at what they do.
    "Who is believed": fields(ServerConfig) | {"follow_symlinks": False, "show_index": False},
    "Around the server": (
        parameters(web.Application)
        | parameters(Channels)
        | parameters(MemoryStore)
        | parameters(converse)
        | {
            "ws_max_msg_size": WebSocketSettings().max_msg_size,
            "threads": constant("treadle_asgi._wsgi.handler.DEFAULT_THREADS"),
            "max_waiting": constant("treadle_asgi._wsgi.handler.DEFAULT_MAX_WAITING"),
        }
    ),
}
EXCEEDED: Final[dict[str, tuple[int, str]]] = constant("treadle_http_parser._errors.EXCEEDED")
FIXED: Final = [
    "treadle_server._http.waiting.MAX_PENDING",
    "treadle_server._http.connection._REQUESTS_PER_TURN",
    "treadle_http_parser._codings._FREE_SIZE",
    "treadle_http_parser._codings._MAX_MEMBERS",
    "treadle_responses._ranges.MAX_RANGES",
    "treadle_server._http.writer._MAX_DISCARDED",
    "treadle_http_parser._connection._MAX_EMPTY_LINES",
    "treadle_server._transport.proxy_header.MOST_HEADER",
]


def value_of(text: str) -> object:
    """Return the value that a cell shows."""
    text = text.removesuffix(" (off)").strip("`")
    number, _, unit = text.partition(" ")
    if number.isdigit():
        return int(number) * UNITS[unit] if unit else int(number)
    return {"None": None, "True": True, "False": False}.get(text, text)


def rows(heading: str) -> list[tuple[str, object]]:
    """Return the first two cells of the rows below a heading."""
    page = (DOCS / "defaults.md").read_text("utf-8")
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert section, heading
    found = re.findall(r"^\| (?!option|bound|---)([^|]+) \| ([^|]+) \|", section[1], re.MULTILINE)
    return [(name.strip("`"), value_of(value)) for name, value in found]


@pytest.mark.parametrize("heading", SOURCES)
def test_each_row_has_the_default_of_the_code(heading: str) -> None:
    listed = rows(heading)
    assert listed
    assert listed == [(name, SOURCES[heading][name]) for name, _ in listed]


def test_the_bounds_without_an_option() -> None:
    listed = rows("Bounds without an option")
    assert [value for _, value in listed] == [constant(name) for name in FIXED]


def test_no_limit_is_left_out() -> None:
    listed = {name for heading in SOURCES for name, _ in rows(heading)}
    assert set(fields(Limits)) <= listed
    assert set(MULTIPART) <= listed
    config = {name: default for name, default in fields(ServerConfig).items() if name != "limits"}
    deadlines = (DOCS / "deadlines.md").read_text("utf-8")
    missing = [
        name
        for name, default in config.items()
        if isinstance(default, (bool, int, float)) or default is None
        if name not in listed and f"| `{name}` |" not in deadlines
    ]
    # Not limits: what is logged, what development shows, and probes of the kernel.
    assert missing == ["tcp_keepalive", "slow_request_time", "error_page", "access_log_class"]
    limits = {name for name in parameters(web.WebSocketResponse) if name.startswith("max_")}
    assert limits <= listed


def test_a_static_folder_follows_no_link_and_shows_no_list(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "folder/link").symlink_to(tmp_path / "secret")
    app = web.Application()
    app.add_routes([web.static("/static", tmp_path / "folder")])

    async def main() -> list[int]:
        async with MemoryClient(app) as client:
            return [(await client.get(f"/static/{name}")).status for name in ("link", "")]

    assert asyncio.run(main()) == [404, 403]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("max_name_length", f'; name="{"a" * 1025}"'),
        ("max_part_headers", '; name="a"' + "\r\nX: 1" * 33),
        ("max_header_size", '; name="a"\r\nX: ' + "a" * 16 * 2**10),
        ("client_max_size", '; name="a"\r\n\r\n' + "a" * 2**20),
    ],
)
def test_the_answer_beyond_a_limit_of_forms(name: str, part: str) -> None:
    async def post(request: web.Request) -> web.Response:
        await request.post()
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/", post)])
    body = f"--b\r\nContent-Disposition: form-data{part}\r\n\r\n\r\n--b--\r\n"
    fields = {"Content-Type": "multipart/form-data; boundary=b"}

    async def main() -> int:
        async with MemoryClient(app) as client:
            return (await client.post("/", data=body, headers=fields)).status

    page = (DOCS / "defaults.md").read_text("utf-8")
    told = re.search(rf"^\| `{name}` \| [^|]+ \| (\d+)", page, re.MULTILINE)
    assert told
    assert asyncio.run(main()) == int(told[1])


@pytest.mark.parametrize("name", EXCEEDED)
def test_the_answer_beyond_a_limit_of_heads(name: str) -> None:
    page = (DOCS / "defaults.md").read_text("utf-8")
    assert re.search(rf"^\| `{name}` \| [^|]+ \| {EXCEEDED[name][0]} \|", page, re.MULTILINE)


@pytest.mark.parametrize("error", LimitError.__subclasses__())
def test_the_answer_beyond_a_limit_of_multipart(error: type[LimitError]) -> None:
    page = (DOCS / "defaults.md").read_text("utf-8")
    row = rf"^\| `{error.limit_name}` \| [^|]+ \| {error.status} \|"
    assert re.findall(row, page, re.MULTILINE)
