"""``treadle.compat``: aiohttp's server modules are treadle's in a process that asks for it.

Each check runs in a process of its own: the layer cannot be taken off again.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_INSTALL = "from treadle import compat; compat.install()\n"
#: Hides the aiohttp that is installed.
_ALONE = (
    """
import importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "aiohttp" else real(name, *more)
"""
    + _INSTALL
)


def run(program: str, *arguments: str, status: int = 0, cwd: Path | None = None) -> str:
    """Run a program, or the module and arguments behind ``-m``; return what it prints."""
    command = ["-c", program] if not arguments else [program, *arguments]
    done = subprocess.run(
        [sys.executable, *command],
        cwd=cwd, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stderr or done.stdout
    return (done.stdout + done.stderr).strip()


MODULES = [
    "web", "web_app", "web_exceptions", "web_fileresponse", "web_log", "web_middlewares",
    "web_protocol", "web_request", "web_response", "web_routedef", "web_runner", "web_server",
    "web_urldispatcher", "web_ws", "test_utils", "pytest_plugin",
]  # fmt: skip


CHECKS = {
    "the modules of the server": f"""
import importlib, sys
import aiohttp
for name in {MODULES}:
    module = importlib.import_module("aiohttp." + name)
    assert module is importlib.import_module("treadle." + name) is getattr(aiohttp, name), name
    assert module.__name__ == "treadle." + name
from aiohttp import web
import aiohttp.web as same
assert web is same
assert is_treadle(web.Application)
""",
    "the client finds types of files without reading files": """
import mimetypes
assert mimetypes.inited
""",
    "the client stays": """
import asyncio, aiohttp
from aiohttp import web, ClientSession, FormData
assert ClientSession.__module__ == "aiohttp.client"

async def handler(request):
    form = await request.post()
    return web.json_response({key: form[key] for key in form})

async def main():
    app = web.Application()
    app.router.add_post("/", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ClientSession() as client:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        with aiohttp.MultipartWriter("form-data") as writer:
            writer.append("value").set_content_disposition("form-data", name="field")
        async with client.post(url, data=writer) as response:
            assert await response.json() == {"field": "value"}
        async with client.post(url, data=FormData({"a": "b"})) as response:
            assert await response.json() == {"a": "b"}
    await runner.cleanup()

asyncio.run(main())
""",
    "names that both sides have": """
import aiohttp, aiohttp.abc, aiohttp.helpers, aiohttp.web_log
from aiohttp import web
assert web.AppKey is aiohttp.helpers.AppKey
assert aiohttp.ETag is web.ETag
assert issubclass(web.View, aiohttp.abc.AbstractView)
assert issubclass(aiohttp.web_log.AccessLogger, aiohttp.abc.AbstractAccessLogger)
assert issubclass(web.UrlDispatcher, aiohttp.abc.AbstractRouter)
assert aiohttp.WSMsgType is web.WSMsgType
""",
    "objects of both sides are instances": """
import aiohttp, aiohttp.multipart, treadle_server, treadle_responses
Theirs = aiohttp.BodyPartReader.__mro__[1]
assert aiohttp.BodyPartReader is aiohttp.multipart.BodyPartReader
assert issubclass(treadle_server.BodyPartReader, aiohttp.BodyPartReader)
assert issubclass(Theirs, aiohttp.BodyPartReader) and not is_treadle(Theirs)
ours = treadle_server.StreamReader(None, 1024)
assert isinstance(ours, aiohttp.StreamReader)
assert isinstance(treadle_responses.BytesPayload(b""), aiohttp.Payload)
assert isinstance(aiohttp.BytesPayload(b""), aiohttp.Payload)
assert not isinstance(5, aiohttp.Payload)
""",
    "exceptions are caught by both names": """
import aiohttp, treadle, treadle_server, treadle_websocket
from treadle_server import ClientConnectionResetError as ours
from treadle_server._core.errors import ClientConnectionResetError as raised
assert ours is raised
try:
    raise raised("gone")
except aiohttp.ClientConnectionResetError as error:
    assert isinstance(error, ConnectionResetError)
from aiohttp import http_exceptions
from treadle_server._core.http_exceptions import LineTooLong
assert issubclass(LineTooLong, http_exceptions.LineTooLong)
assert issubclass(treadle_websocket.WebSocketError, aiohttp.WebSocketError)
assert issubclass(treadle_websocket._session.WebSocketError, aiohttp.WebSocketError)
assert issubclass(treadle_websocket.WSMessageTypeError, aiohttp.WSMessageTypeError)
""",
    "exceptions say that they are aiohttp's": """
from aiohttp import web
assert web.HTTPNotFound.__module__ == "aiohttp.web_exceptions"
""",
    "a body of aiohttp's payloads": """
import asyncio, aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

async def handler(request):
    if request.path == "/payload":
        return web.Response(body=aiohttp.BytesPayload(b"payload"))
    writer = aiohttp.MultipartWriter("mixed", boundary="b")
    writer.append("part")
    return web.Response(body=writer)

async def main():
    app = web.Application()
    app.router.add_get("/{kind}", handler)
    async with TestClient(TestServer(app)) as client:
        assert await (await client.get("/payload")).read() == b"payload"
        response = await client.get("/writer")
        assert response.headers["Content-Type"] == "multipart/mixed; boundary=b"
        assert b"part" in await response.read()

asyncio.run(main())
""",
    "a body of a type that is registered with aiohttp": """
import asyncio, warnings, aiohttp
from aiohttp import web, payload
from aiohttp.test_utils import TestClient, TestServer

class Mine:
    pass

@payload.payload_type(Mine)
class MyPayload(payload.Payload):
    def decode(self, encoding="utf-8", errors="strict"):
        return "mine"

    async def write(self, writer):
        await writer.write(b"mine")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")

    @aiohttp.streamer
    async def stream(writer, text):
        await writer.write(text)

async def handler(request):
    kind = request.match_info["kind"]
    if kind == "mine":
        return web.Response(body=Mine())
    if kind == "stream":
        return web.Response(body=stream(b"streamed"))
    try:
        web.Response(body=object())
    except ValueError as error:
        return web.Response(text=type(error).__name__)

async def main():
    app = web.Application()
    app.router.add_get("/{kind}", handler)
    async with TestClient(TestServer(app)) as client:
        assert await (await client.get("/mine")).read() == b"mine"
        assert await (await client.get("/stream")).read() == b"streamed"
        assert await (await client.get("/other")).text() == "ValueError"

asyncio.run(main())
""",
    "private names": """
import aiohttp.web_protocol
assert aiohttp.web_protocol._RequestHandler is not None
""",
    "imports in many threads": """
import threading
found = []

def look():
    from aiohttp import web
    from aiohttp.web_request import Request
    found.append((web.Application, Request))

threads = [threading.Thread(target=look) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(found) == 16 and len(set(found)) == 1 and is_treadle(found[0][0])
""",
    "installed in many threads": """
import importlib, sys, threading
from treadle import compat
threads = [threading.Thread(target=compat.install) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert [type(finder).__name__ for finder in sys.meta_path].count("_Finder") == 1
""",
    "reloaded": """
import importlib, aiohttp
from aiohttp import web
before = web.Application
assert importlib.reload(web) is web is aiohttp.web
assert web.Application is before
importlib.reload(aiohttp)
assert aiohttp.web is web and aiohttp.ETag is web.ETag
""",
    "pickled": """
import pickle, aiohttp
from aiohttp import web
for value in (
    web.Application, web.HTTPNotFound, web.FileField, web.WSMsgType.TEXT, web.ETag("a"),
    web.WSMessage(web.WSMsgType.TEXT, "a", None), aiohttp.WSMessage(web.WSMsgType.TEXT, "a", None),
):
    assert pickle.loads(pickle.dumps(value)) == value, value
for error in (web.HTTPFound("/a"), web.HTTPNotFound(), aiohttp.ClientConnectionResetError("a")):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error) and str(copy) == str(error)
""",
    "patched": """
from unittest import mock
import aiohttp.web_runner
from aiohttp import web
for target in ("web.Application", "web.run_app", "web_log.AccessLogger", "web_ws.WSMsgType"):
    module, _, name = target.partition(".")
    with mock.patch(f"aiohttp.{target}") as fake:
        assert getattr(getattr(aiohttp, module), name) is fake
with mock.patch("aiohttp.web_runner.TCPSite.start") as fake:
    assert web.TCPSite.start is fake
with mock.patch("aiohttp.web_request.BaseRequest.remote", "::1"):
    assert web.Request.remote == "::1"
""",
    "before import hooks that came later": """
import importlib.machinery, sys
from treadle import compat
sys.meta_path.insert(0, importlib.machinery.PathFinder)
compat.install()
import aiohttp.web_app
assert is_treadle(aiohttp.web_app.Application)
""",
    "twice": """
from treadle import compat
compat.install()
assert compat.is_installed()
import aiohttp
from aiohttp import web
""",
}

_HELPER = """
def is_treadle(cls):
    return cls.__module__.startswith("treadle")
"""


@pytest.mark.parametrize("name", CHECKS)
def test_with_aiohttp(name: str) -> None:
    assert run(_INSTALL + _HELPER + CHECKS[name]) == ""


ALONE = {
    "the server": """
import aiohttp, aiohttp.hdrs, aiohttp.abc
from aiohttp import web, WSMsgType, hdrs, MultipartReader
from aiohttp.helpers import reify
from aiohttp.web_exceptions import HTTPFound
import aiohttp.web_urldispatcher
assert is_treadle(web.Application) and is_treadle(MultipartReader)
assert aiohttp.__version__.startswith("3.")
assert hdrs.CONTENT_TYPE == "Content-Type"
assert hasattr(aiohttp, "web") and not hasattr(aiohttp, "nothing")
""",
    "names of the client": """
import aiohttp
for statement in (
    "from aiohttp import ClientSession", "aiohttp.ClientSession", "import aiohttp.client",
    "from aiohttp.client_exceptions import ClientError", "from aiohttp import TraceConfig",
):
    try:
        exec(statement)
    except ImportError as error:
        assert "pip install aiohttp" in str(error), error
    else:
        raise AssertionError(statement)
""",
    "an application": """
import asyncio
from aiohttp import web

async def main():
    runner = web.AppRunner(web.Application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await runner.cleanup()

asyncio.run(main())
""",
}


@pytest.mark.parametrize("name", ALONE)
def test_without_aiohttp(name: str) -> None:
    assert run(_ALONE + _HELPER + ALONE[name]) == ""


def test_an_older_aiohttp() -> None:
    missing = "import aiohttp.client_exceptions as module\ndel module.WSMessageTypeError\n"
    check = """
from treadle_websocket import WSMessageTypeError
assert "aiohttp" not in {base.__module__.partition(".")[0] for base in WSMessageTypeError.__mro__}
"""
    assert run(missing + _INSTALL + check) == ""


@pytest.mark.parametrize("loaded", ["web", "web_request", "test_utils"])
def test_too_late(loaded: str) -> None:
    output = run(f"import aiohttp.{loaded}\n{_INSTALL}", status=1)
    assert "is loaded already: call treadle.compat.install() before" in output


def test_it_is_never_on_by_itself() -> None:
    assert (
        run("""
from treadle import compat, web
import treadle.test_utils
import aiohttp.web
assert not compat.is_installed()
assert aiohttp.web.Application.__module__ == "aiohttp.web_app"
""")
        == ""
    )


def test_one_line_of_the_log() -> None:
    output = run("import logging; logging.basicConfig(level=logging.INFO)\n" + _INSTALL * 2)
    assert output == "INFO:treadle.compat:treadle.compat is on: aiohttp.web is treadle's"


@pytest.mark.parametrize("before", [True, False])
def test_loggers(before: bool) -> None:
    configure = """
import logging, sys
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
logging.getLogger("aiohttp.access").addHandler(handler)
logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
"""
    check = """
import treadle.log, aiohttp.log
assert treadle.log.access_logger is aiohttp.log.access_logger is logging.getLogger("aiohttp.access")
assert treadle.log.server_logger.level == logging.CRITICAL
treadle.log.access_logger.error("line")
"""
    programs = [configure, _INSTALL] if before else [_INSTALL, configure]
    assert run("\n".join([*programs, check])) == "aiohttp.access line"


@pytest.mark.parametrize("held", ["", "aiohttp.access", "aiohttp.server.child"])
def test_loggers_are_configured_later(held: str) -> None:
    output = run(f"""
import logging, logging.config
held = logging.getLogger({held!r})
{_INSTALL}
import treadle.log
logging.getLogger("treadle").setLevel(logging.CRITICAL)
logging.config.dictConfig({{
    "version": 1,
    "formatters": {{"name": {{"format": "%(name)s %(message)s"}}}},
    "handlers": {{"out": {{
        "class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "name",
    }}}},
    "loggers": {{"aiohttp": {{"handlers": ["out"], "level": "INFO"}}, "aiohttp.access": {{}}}},
}})
treadle.log.access_logger.info("line")
treadle.log.server_logger.info("line")
if held.name == "aiohttp.access":
    held.info("line")
""")
    names = ["aiohttp.access", "aiohttp.server"] + [held] * (held == "aiohttp.access")
    assert output.splitlines() == [f"{name} line" for name in names]


# The command.


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "program.py").write_text(
        "import sys\nfrom aiohttp import web\n"
        "print(web.Application.__module__, __name__, sys.argv[1:])\n"
    )
    return tmp_path


@pytest.mark.parametrize(
    "arguments", [["program", "a", "-b"], ["-m", "program", "a", "-b"], ["program.py", "a", "-b"]]
)
def test_run_a_program(program: Path, arguments: list[str]) -> None:
    output = run("-m", "treadle.compat", *arguments, cwd=program)
    assert output == "treadle_server._app.application __main__ ['a', '-b']"


def test_a_module_and_a_file_of_one_name(program: Path) -> None:
    (program / "both").write_text("print('file')")
    (program / "both.py").write_text("print('module')")
    assert run("-m", "treadle.compat", "both", cwd=program) == "file"
    assert run("-m", "treadle.compat", "-m", "both", cwd=program) == "module"


def test_run_the_command_line_of_aiohttp(program: Path) -> None:
    output = run("-m", "treadle.compat", "-m", "aiohttp.web", "--help", cwd=program)
    assert "treadle.web" in output


@pytest.mark.parametrize(("arguments", "status"), [([], 2), (["-m"], 2), (["-x"], 2), (["-h"], 0)])
def test_usage(arguments: list[str], status: int) -> None:
    assert "usage: python -m treadle.compat" in run(
        "-m", "treadle.compat", *arguments, status=status
    )


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "pytest", "-p", "treadle.compat"],
        ["-m", "treadle.compat", "-m", "pytest"],
        # Its tests run in another process.
        ["-m", "treadle.compat", "-m", "pytest", "-n", "1"],
    ],
)
def test_run_a_test_suite(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "test_it.py").write_text("""
from aiohttp import web

pytest_plugins = "aiohttp.pytest_plugin"

async def test_it(aiohttp_client):
    import aiohttp.pytest_plugin
    assert aiohttp.pytest_plugin.__name__ == "treadle.pytest_plugin"
    client = await aiohttp_client(web.Application())
    assert type(client.app).__module__.startswith("treadle")
    assert (await client.get("/")).status == 404
""")
    options = ["-q", "-W", "error", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", "."]
    assert "1 passed" in run(*command, *options, "test_it.py", cwd=tmp_path)
