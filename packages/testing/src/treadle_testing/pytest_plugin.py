"""Fixtures for pytest, under treadle's names and under aiohttp's; tests may be coroutines.

Switch it on with ``pytest_plugins = "treadle.pytest_plugin"`` in ``conftest.py``, or with
``pytest -p treadle.pytest_plugin``. It is not active by itself, so that it never stands beside
``pytest-aiohttp``, whose fixtures have the same names.

A test and an asynchronous fixture run on the event loop of the fixture ``loop``. Another plugin for
coroutines (``pytest-asyncio``, ``anyio``) may be there: this one takes the functions that they
leave.
"""

import asyncio
import contextlib
import inspect
import warnings
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, Protocol, TypeVar, overload

import pytest

from treadle_server import Application, BaseRequest, RawHandler, Request

from ._client import TestClient
from ._loops import loop_context, setup_test_loop, teardown_test_loop
from ._memory import MemoryClient
from ._server import BaseTestServer, RawTestServer, TestServer
from ._server import unused_port as _unused_port

__all__ = [
    "AiohttpClient",
    "AiohttpRawServer",
    "AiohttpServer",
    "TreadleMemoryClient",
    "aiohttp_client",
    "aiohttp_client_cls",
    "aiohttp_raw_server",
    "aiohttp_server",
    "aiohttp_unused_port",
    "fast",
    "loop",
    "loop_debug",
    "proactor_loop",
    "pytest_addoption",
    "pytest_fixture_setup",
    "pytest_generate_tests",
    "pytest_pycollect_makeitem",
    "pytest_pyfunc_call",
    "raw_test_server",
    "test_client",
    "test_server",
    "treadle_client",
    "treadle_memory_client",
    "treadle_raw_server",
    "treadle_server",
    "unused_port",
]

_Server = TypeVar("_Server", bound=BaseTestServer)

#: The fixtures that are event loops, the first one first.
_LOOPS: Final = ("proactor_loop", "selector_loop", "uvloop_loop", "loop")


class AiohttpClient(Protocol):
    """The type of ``treadle_client`` and ``aiohttp_client``: call it with an application."""

    @overload
    async def __call__(
        self, param: Application, /, *, server_kwargs: dict[str, Any] | None = None, **kwargs: Any
    ) -> TestClient[Request, Application]: ...

    @overload
    async def __call__(
        self,
        param: BaseTestServer,
        /,
        *,
        server_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> TestClient[BaseRequest, None]: ...


class AiohttpServer(Protocol):
    """The type of ``treadle_server`` and ``aiohttp_server``: call it with an application."""

    def __call__(
        self, app: Application, *, port: int | None = None, **kwargs: Any
    ) -> Awaitable[TestServer]:
        """Return a server that runs until the test has ended."""


class AiohttpRawServer(Protocol):
    """The type of ``treadle_raw_server`` and ``aiohttp_raw_server``: call it with a handler."""

    def __call__(
        self, handler: RawHandler, *, port: int | None = None, **kwargs: Any
    ) -> Awaitable[RawTestServer]:
        """Return a server that runs until the test has ended."""


class TreadleMemoryClient(Protocol):
    """The type of ``treadle_memory_client``: call it with an application."""

    def __call__(self, app: Application, **kwargs: Any) -> Awaitable[MemoryClient]:
        """Return a client that is closed when the test has ended."""


# Options, and coroutines as tests and fixtures.


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of aiohttp's plugin."""
    parser.addoption(
        "--aiohttp-fast", action="store_true", help="run tests faster, without garbage collections"
    )
    parser.addoption(
        "--aiohttp-loop", default="pyloop", help="the event loops: pyloop, uvloop or all"
    )
    parser.addoption(
        "--aiohttp-enable-loop-debug", action="store_true", help="debug mode of the event loop"
    )


def pytest_pycollect_makeitem(collector: Any, name: str, obj: object) -> "list[pytest.Item] | None":
    """Collect coroutine functions as tests."""
    if collector.funcnamefilter(name) and inspect.iscoroutinefunction(obj):
        return list(collector._genfunctions(name, obj))  # noqa: SLF001  # pytest has no public way
    return None


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine function that is a test."""
    if not inspect.iscoroutinefunction(pyfuncitem.function):
        return None
    given: dict[str, Any] = pyfuncitem.funcargs
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: given[name] for name in names if name in given}
    loops = [given[name] for name in _LOOPS if name in given]
    with _never_awaited_is_an_error():
        if loops and isinstance(loops[0], asyncio.AbstractEventLoop):
            loops[0].run_until_complete(pyfuncitem.obj(**arguments))
        else:
            own = setup_test_loop()
            try:
                own.run_until_complete(pyfuncitem.obj(**arguments))
            finally:
                teardown_test_loop(own, fast=pyfuncitem.config.getoption("--aiohttp-fast"))
    return True


@contextlib.contextmanager
def _never_awaited_is_an_error() -> Iterator[None]:
    """Raise ``RuntimeError`` for a ``RuntimeWarning``: most are coroutines that nothing awaits."""
    with warnings.catch_warnings(record=True) as caught:
        yield
    found = [
        f"{one.filename}:{one.lineno}:{one.message}"
        for one in caught
        if one.category is RuntimeWarning
    ]
    for one in caught:
        if one.category is not RuntimeWarning:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    if found:
        plural = "s" if len(found) > 1 else ""
        raise RuntimeError(f"{len(found)} Runtime Warning{plural},\n" + "\n".join(found))


def pytest_fixture_setup(fixturedef: Any) -> None:
    """Run a fixture that is a coroutine function or asynchronous generator on ``loop``."""
    function = fixturedef.func
    is_generator = inspect.isasyncgenfunction(function)
    if not is_generator and not inspect.iscoroutinefunction(function):
        return
    hides_request = "request" not in fixturedef.argnames
    if hides_request:
        fixturedef.argnames += ("request",)

    def run(*args: Any, **kwargs: Any) -> Any:
        request = kwargs.pop("request") if hides_request else kwargs["request"]
        if "loop" not in request.fixturenames:
            raise RuntimeError(
                f"The asynchronous fixture {fixturedef.argname!r} needs the fixture 'loop': make "
                "it an argument of the fixture or of the test"
            )
        own: asyncio.AbstractEventLoop = request.getfixturevalue("loop")
        if not is_generator:
            return own.run_until_complete(function(*args, **kwargs))
        generator = function(*args, **kwargs)

        def finish() -> None:
            with contextlib.suppress(StopAsyncIteration):
                own.run_until_complete(anext(generator))

        request.addfinalizer(finish)
        return own.run_until_complete(anext(generator))

    fixturedef.func = run


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that use ``loop`` once on each event loop of the option."""
    if "loop_factory" not in metafunc.fixturenames:
        return
    known: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"pyloop": asyncio.new_event_loop}
    with contextlib.suppress(ImportError):
        import uvloop  # an extra

        known["uvloop"] = uvloop.new_event_loop
    option: str = metafunc.config.getoption("--aiohttp-loop")
    names = "pyloop,uvloop?" if option == "all" else option
    factories = {}
    for part in names.split(","):
        name = part.strip(" ?")
        if name in known:
            factories[name] = known[name]
        elif not part.endswith("?"):
            raise ValueError(f"Unknown loop {name!r}, available loops: {', '.join(known)}")
    metafunc.parametrize("loop_factory", list(factories.values()), ids=list(factories))


# Fixtures.


@pytest.fixture
def fast(request: pytest.FixtureRequest) -> bool:
    """Return the option ``--aiohttp-fast``."""
    return bool(request.config.getoption("--aiohttp-fast"))


@pytest.fixture
def loop_debug(request: pytest.FixtureRequest) -> bool:
    """Return the option ``--aiohttp-enable-loop-debug``."""
    return bool(request.config.getoption("--aiohttp-enable-loop-debug"))


@pytest.fixture
def loop(
    loop_factory: Callable[[], asyncio.AbstractEventLoop], fast: bool, loop_debug: bool
) -> Iterator[asyncio.AbstractEventLoop]:
    """Return the event loop of the test."""
    with loop_context(loop_factory, fast=fast) as own:
        if loop_debug:
            own.set_debug(True)
        yield own


@pytest.fixture
def proactor_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Return the event loop of Windows that has pipes and subprocesses."""
    with loop_context(getattr(asyncio, "ProactorEventLoop")) as own:  # noqa: B009  # Windows only
        yield own


@contextlib.contextmanager
def _servers(
    loop: asyncio.AbstractEventLoop, kind: Callable[..., _Server]
) -> Iterator[Callable[..., Awaitable[_Server]]]:
    running: list[_Server] = []

    async def start(
        served: Any, *, host: str = "127.0.0.1", port: int | None = None, **kwargs: Any
    ) -> _Server:
        server = kind(served, host=host, port=port)
        await server.start_server(loop=loop, **kwargs)
        running.append(server)
        return server

    async def finish() -> None:
        while running:
            await running.pop().close()

    yield start
    loop.run_until_complete(finish())


@pytest.fixture
def treadle_server(loop: asyncio.AbstractEventLoop) -> Iterator[AiohttpServer]:
    """Return a function that starts a ``TestServer``: ``await treadle_server(app)``."""
    with _servers(loop, TestServer) as start:
        yield start


@pytest.fixture
def treadle_raw_server(loop: asyncio.AbstractEventLoop) -> Iterator[AiohttpRawServer]:
    """Return a function that starts a ``RawTestServer``: ``await treadle_raw_server(handler)``."""
    with _servers(loop, RawTestServer) as start:
        yield start


@pytest.fixture
def aiohttp_client_cls() -> type[TestClient[Any, Any]]:
    """Return the class of the clients; override the fixture for a class of your own."""
    return TestClient


@pytest.fixture
def treadle_client(
    loop: asyncio.AbstractEventLoop, aiohttp_client_cls: type[TestClient[Any, Any]]
) -> Iterator[AiohttpClient]:
    """Return a function that makes a ``TestClient``: ``await treadle_client(app_or_server)``."""
    clients: list[TestClient[Any, Any]] = []

    async def connect(
        param: Any, /, *args: Any, server_kwargs: dict[str, Any] | None = None, **kwargs: Any
    ) -> TestClient[Any, Any]:
        if callable(param) and not isinstance(param, (Application, BaseTestServer)):
            # A function that makes the application; it gets all arguments.
            param, args, kwargs = param(loop, *args, **kwargs), (), {}
        if args:
            raise AssertionError(f"args should be empty: only a function takes them, got {args!r}")
        if isinstance(param, Application):
            param = TestServer(param, loop=loop, **(server_kwargs or {}))
        elif not isinstance(param, BaseTestServer):
            raise ValueError(f"Unknown argument type: {type(param)!r}")  # noqa: TRY004  # aiohttp's
        client = aiohttp_client_cls(param, loop=loop, **kwargs)
        await client.start_server()
        clients.append(client)
        return client

    async def finish() -> None:
        while clients:
            await clients.pop().close()

    yield connect
    loop.run_until_complete(finish())


@pytest.fixture
def treadle_memory_client(loop: asyncio.AbstractEventLoop) -> Iterator[TreadleMemoryClient]:
    """Return a function that makes a ``MemoryClient``: ``await treadle_memory_client(app)``."""
    clients: list[MemoryClient] = []

    async def connect(app: Application, **kwargs: Any) -> MemoryClient:
        client = MemoryClient(app, **kwargs)
        await client.start()
        clients.append(client)
        return client

    async def finish() -> None:
        while clients:
            await clients.pop().close()

    yield connect
    loop.run_until_complete(finish())


# The same under aiohttp's names, and those that aiohttp 3 deprecates.


@pytest.fixture
def aiohttp_unused_port() -> Callable[[], int]:
    """Return a function that returns a free port."""
    return _unused_port


@pytest.fixture
def aiohttp_server(treadle_server: AiohttpServer) -> AiohttpServer:
    """Return ``treadle_server``."""
    return treadle_server


@pytest.fixture
def aiohttp_raw_server(treadle_raw_server: AiohttpRawServer) -> AiohttpRawServer:
    """Return ``treadle_raw_server``."""
    return treadle_raw_server


@pytest.fixture
def aiohttp_client(treadle_client: AiohttpClient) -> AiohttpClient:
    """Return ``treadle_client``."""
    return treadle_client


def _deprecated(name: str) -> None:
    warnings.warn(
        f"Deprecated, use aiohttp_{name} fixture instead", DeprecationWarning, stacklevel=3
    )


@pytest.fixture
def unused_port(aiohttp_unused_port: Callable[[], int]) -> Callable[[], int]:
    """Return ``aiohttp_unused_port``; deprecated."""
    _deprecated("unused_port")
    return aiohttp_unused_port


@pytest.fixture
def test_server(aiohttp_server: AiohttpServer) -> AiohttpServer:
    """Return ``aiohttp_server``; deprecated."""
    _deprecated("server")
    return aiohttp_server


@pytest.fixture
def raw_test_server(aiohttp_raw_server: AiohttpRawServer) -> AiohttpRawServer:
    """Return ``aiohttp_raw_server``; deprecated."""
    _deprecated("raw_server")
    return aiohttp_raw_server


@pytest.fixture
def test_client(aiohttp_client: AiohttpClient) -> AiohttpClient:
    """Return ``aiohttp_client``; deprecated."""
    _deprecated("client")
    return aiohttp_client
