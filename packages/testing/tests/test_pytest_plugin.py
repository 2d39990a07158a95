"""The plugin, in a pytest of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import asyncio, warnings
import pytest
from treadle_responses import Response
from treadle_server import Application
from treadle_testing import TestClient

async def hello(request):
    return Response(text="hello")

def make_app():
    app = Application()
    app.router.add_get("/", hello)
    return app
"""

_FIXTURES = """
async def test_{0}_client({0}_client):
    client = await {0}_client(make_app())
    assert await (await client.get("/")).text() == "hello"

async def test_{0}_client_of_a_server({0}_client, {0}_server):
    client = await {0}_client(await {0}_server(make_app()))
    assert (await client.get("/")).status == 200

async def test_{0}_client_of_a_function({0}_client):
    client = await {0}_client(lambda loop, name: make_app(), "given")
    assert client.app is not None

async def test_{0}_raw_server({0}_client, {0}_raw_server):
    client = await {0}_client(await {0}_raw_server(hello))
    assert client.app is None
    assert (await client.get("/")).status == 200

async def test_{0}_wrong_argument({0}_client):
    with pytest.raises(ValueError, match="Unknown argument type"):
        await {0}_client(5)
    with pytest.raises(AssertionError, match="args should be empty"):
        await {0}_client(make_app(), "given")
"""

_PASSING = (
    _FIXTURES.format("aiohttp")
    + _FIXTURES.format("treadle")
    + """
async def test_memory_client(treadle_memory_client):
    client = await treadle_memory_client(make_app())
    assert await (await client.get("/")).text() == "hello"

@pytest.fixture
async def value(loop):
    assert asyncio.get_running_loop() is loop
    return 1

@pytest.fixture
async def closing(loop):
    yield 2
    print("closed")

async def test_fixtures_run_on_the_loop(loop, value, closing):
    assert asyncio.get_running_loop() is loop
    assert (value, closing) == (1, 2)

async def test_without_a_loop():
    await asyncio.sleep(0)

class TestClass:
    async def test_method(self, value):
        assert value == 1

class Own(TestClient):
    pass

class TestOwnClient:
    @pytest.fixture
    def aiohttp_client_cls(self):
        return Own

    async def test_it(self, aiohttp_client):
        assert type(await aiohttp_client(make_app())) is Own

def test_options(loop, fast, loop_debug, aiohttp_unused_port):
    assert fast and loop_debug and loop.get_debug()
    assert 0 < aiohttp_unused_port() < 65536

@pytest.mark.parametrize("name", ["test_client", "test_server", "raw_test_server", "unused_port"])
def test_deprecated_names(loop, name, request):
    with pytest.warns(DeprecationWarning, match="Deprecated, use aiohttp_"):
        assert callable(request.getfixturevalue(name))

async def test_other_warnings_pass():
    warnings.warn("of the test", UserWarning)
"""
)

_FAILING = """
@pytest.fixture
async def value():
    return 1

async def test_needs_a_loop(value):
    pass

async def nothing():
    pass

async def test_awaits_nothing():
    nothing()

async def test_fails():
    assert 1 == 2
"""


def run(tmp_path: Path, tests: str, *options: str) -> str:
    (tmp_path / "test_it.py").write_text(_PROGRAM + tests)
    command = [sys.executable, "-m", "pytest", "-p", "treadle_testing.pytest_plugin", "-q", "-rA"]
    outside = ["-p", "no:cacheprovider", "-p", "no:xdist", "-c", "/dev/null", "--rootdir", "."]
    return subprocess.run(
        [*command, *outside, *options, "test_it.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    ).stdout  # fmt: skip


def test_fixtures_and_coroutines(tmp_path: Path) -> None:
    output = run(tmp_path, _PASSING, "--aiohttp-fast", "--aiohttp-enable-loop-debug", "-s")
    assert "\n21 passed, 1 warning" in output, output
    assert "closed" in output
    assert "of the test" in output


def test_failures(tmp_path: Path) -> None:
    output = run(tmp_path, _FAILING)
    assert "2 failed, 1 error" in output, output
    assert "needs the fixture 'loop'" in output
    assert "1 Runtime Warning" in output
    assert "never awaited" in output
    assert "assert 1 == 2" in output


@pytest.mark.parametrize(
    ("option", "expected"), [("all", "[pyloop]"), ("other", "Unknown loop 'other'")]
)
def test_choice_of_the_loop(tmp_path: Path, option: str, expected: str) -> None:
    tests = """
async def test_it(loop):
    assert loop.is_running()
"""
    assert expected in run(tmp_path, tests, f"--aiohttp-loop={option}")
