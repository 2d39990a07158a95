"""A pytest plugin with real engines: a Redis and a PostgreSQL on free ports, ended by the fixtures.

``redis`` and ``postgres`` run once for each process of the tests, and are empty when a test gets
them. ``own_redis`` and ``own_postgres`` belong to one test, which may kill and freeze them. Where a
program is missing, the tests that want it are skipped, and the head of the report says so.

PostgreSQL refuses to run as root: there it runs as the user ``postgres``, or else ``nobody``, in a
folder of that user.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

__all__ = [
    "Engine",
    "Postgres",
    "Redis",
    "find_program",
    "own_postgres",
    "own_redis",
    "postgres",
    "pytest_report_header",
    "redis",
]

#: The seconds in which an engine must answer after its start, also on a busy machine.
_PATIENCE: Final = 60.0

#: Debian puts the programs of PostgreSQL into a folder for each version, beside the path.
_POSTGRES_FOLDERS: Final = sorted(
    Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True
)


def find_program(program: str) -> str | None:
    """Return the path of a program of an engine, None if it is not installed."""
    places = [os.environ.get("PATH", ""), "/usr/sbin", *map(str, _POSTGRES_FOLDERS)]
    return shutil.which(program, path=os.pathsep.join(places))


def _required(program: str) -> str:
    path = find_program(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


def pytest_report_header() -> list[str]:
    """Say which engines are missing."""
    return [
        f"engines: {program} is not installed, the tests that want it are skipped"
        for program in ("redis-server", "postgres")
        if find_program(program) is None
    ]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


class Engine:
    """A server on 127.0.0.1 that keeps its port over restarts."""

    def __init__(self, program: str, user: str | None = None) -> None:
        self.program: Final = _required(program)
        self.user: Final = user
        self.folder: Final = Path(tempfile.mkdtemp(prefix="treadle-engine-"))
        if user is not None:
            shutil.chown(self.folder, user)
        self.port: Final = _free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """Return the command that runs the server."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Return True if the server does what it is asked."""
        raise NotImplementedError

    def call(self, *command: str) -> None:
        """Run a program of the engine to its end."""
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._as_user())

    def _as_user(self) -> dict[str, Any]:
        if self.user is None:
            return {}
        import pwd  # Windows has none

        entry = pwd.getpwnam(self.user)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self.start_soon()
        self.wait()

    def start_soon(self) -> None:
        """Start the server without waiting for it."""
        assert self.process is None, "it runs"
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, cwd=self.folder, **self._as_user()
            )

    def wait(self) -> None:
        """Wait until the server answers."""
        end = time.monotonic() + _PATIENCE
        while not self.answers():
            # The condition is another process's; nothing tells of it.
            time.sleep(0.02)
            if time.monotonic() > end or self.process is None or self.process.poll() is not None:
                text = (self.folder / "log").read_text(errors="replace")
                pytest.fail(f"{self.program} does not answer:\n{text[-3000:]}")

    def _pids(self) -> list[int]:
        """Return the processes of the server, the first one first."""
        assert self.process is not None, "it does not run"
        pids = [self.process.pid]
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True, text=True
        )
        for line in listed.stdout.splitlines():
            pid, parent = map(int, line.split())
            if parent == self.process.pid:
                pids.append(pid)
        return pids

    def signal(self, number: int) -> None:
        """Send a signal to each process of the server."""
        for pid in self._pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """End the server at once, as ``kill -9`` does."""
        assert self.process is not None, "it does not run"
        self.signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def freeze(self) -> None:
        """Stop the server without closing its connections."""
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        self.signal(signal.SIGCONT)

    def close(self) -> None:
        """End the server, and remove its folder."""
        try:
            if self.process is not None:
                self.kill()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


class Redis(Engine):
    """A ``redis-server`` that keeps nothing on disk."""

    def __init__(self, *options: str, password: str | None = None) -> None:
        super().__init__("redis-server")
        self.password: Final = password
        self.options: Final = options
        #: The path of its socket beside the port.
        self.path: Final = self.folder / "redis.sock"

    @property
    def url(self) -> str:
        """The URL for clients, with the password if it has one."""
        user = "" if self.password is None else f":{self.password}@"
        return f"redis://{user}127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """Return the command that runs the server."""
        secret = [] if self.password is None else ["--requirepass", self.password]
        return [
            self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
            "--appendonly", "no", "--dir", str(self.folder), "--unixsocket", str(self.path),
            *secret, *self.options,
        ]  # fmt: skip

    def ask(self, *words: str) -> bytes:
        """Send one command on a new connection; return the first piece of its answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE) as sock:
            if self.password is not None:
                sock.sendall(_resp("AUTH", self.password))
                sock.recv(100)
            sock.sendall(_resp(*words))
            return sock.recv(65_536)

    def answers(self) -> bool:
        """Return True if the server does what it is asked."""
        try:
            return self.ask("PING").startswith(b"+PONG")
        except OSError:
            return False

    def clear(self) -> None:
        """Remove everything in it."""
        assert self.ask("FLUSHALL").startswith(b"+OK")


def _resp(*words: str) -> bytes:
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


class Postgres(Engine):
    """A ``postgres`` with an empty database; the user ``test`` may do everything."""

    def __init__(self) -> None:
        super().__init__("postgres", _user_beside_root())
        self.data: Final = self.folder / "data"
        # Beside the file itself: not each of them may have a link in the path.
        self.bin: Final = Path(self.program).resolve().parent
        self.call(
            str(self.bin / "initdb"), "-D", str(self.data), "-U", "test", "--auth=trust",
            "--no-sync", "--encoding=UTF8", "--locale=C",
        )  # fmt: skip

    @property
    def conninfo(self) -> str:
        """The connection string for clients."""
        return f"host=127.0.0.1 port={self.port} user=test dbname=postgres"

    def command(self) -> list[str]:
        """Return the command that runs the server."""
        settings = [
            f"port={self.port}", "listen_addresses=127.0.0.1", "fsync=off", "shared_buffers=16MB",
            f"unix_socket_directories={self.folder}", "max_connections=60", "autovacuum=off",
        ]  # fmt: skip
        options = [word for setting in settings for word in ("-c", setting)]
        return [self.program, "-D", str(self.data), *options]

    def answers(self) -> bool:
        """Return True if the server does what it is asked."""
        ready = str(self.bin / "pg_isready")
        command = [ready, "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def clear(self) -> None:
        """Remove everything in it."""
        # A test of another package may have the server and no client.
        psycopg = pytest.importorskip("psycopg")
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute(
                "DROP SCHEMA public CASCADE; CREATE SCHEMA public; "
                "GRANT USAGE ON SCHEMA public TO public"
            )


def _user_beside_root() -> str | None:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    import pwd

    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    pytest.skip("postgres does not run as root, and there is no user for it")


_E = TypeVar("_E", bound=Engine)


def _running(make: Callable[[], _E]) -> Iterator[_E]:
    engine = make()
    try:
        engine.start()
        yield engine
    finally:
        engine.close()


@pytest.fixture(scope="session")
def _one_redis() -> Iterator[Redis]:
    yield from _running(Redis)


@pytest.fixture(scope="session")
def _one_postgres() -> Iterator[Postgres]:
    yield from _running(Postgres)


@pytest.fixture
def redis(_one_redis: Redis) -> Redis:
    """Return an empty Redis, which the test must leave running."""
    _one_redis.clear()
    return _one_redis


@pytest.fixture
def postgres(_one_postgres: Postgres) -> Postgres:
    """Return an empty PostgreSQL, which the test must leave running."""
    _one_postgres.clear()
    return _one_postgres


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    """A Redis that the test may kill and freeze."""
    yield from _running(Redis)


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A PostgreSQL that the test may kill and freeze."""
    yield from _running(Postgres)
