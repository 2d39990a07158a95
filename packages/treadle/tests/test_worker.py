"""Workers of gunicorn, under a real one."""

import http.client
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme

import treadle
from testkit import PATIENCE, Program
from treadle.web_log import AccessLogger

pytest.importorskip("gunicorn")
from treadle.worker import GunicornWebWorker  # it needs gunicorn

APP = """
import asyncio, os
from treadle import web

async def pid(request):
    return web.Response(text=str(os.getpid()))

async def hang(request):
    while True:
        pass

async def clean_up(app):
    os.write(1, b"started\\n")
    yield
    os.write(1, b"cleaned up\\n")

def make():
    made = web.Application()
    made.add_routes([web.get("/", pid), web.get("/hang", hang)])
    made.cleanup_ctx.append(clean_up)
    return made

app = make()

async def factory():
    return make()

async def runner():
    return web.AppRunner(make(), access_log=None)

async def nothing():
    return None

async def failing():
    raise LookupError("no database")

def not_async():
    return make()
"""

Start = Callable[..., Program]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    (tmp_path / "program.py").write_text(APP)
    programs: list[Program] = []

    def starter(target: str, *arguments: str, worker: str = "GunicornWebWorker") -> Program:
        command = [sys.executable, "-m", "gunicorn", f"program:{target}", "-k", f"treadle.{worker}"]
        command += ["-b", "127.0.0.1:0", *arguments]
        programs.append(Program(command, tmp_path))
        return programs[-1]

    yield starter
    for program in programs:
        program.close()


def wait_listening(program: Program) -> None:
    program.port = int(program.wait_for(r"Listening at: https?://127.0.0.1:(\d+)")[1])


@pytest.mark.parametrize("worker", ["GunicornWebWorker", "GunicornUVLoopWebWorker"])
@pytest.mark.parametrize("target", ["app", "factory", "runner"])
def test_targets(start: Start, target: str, worker: str) -> None:
    if "UVLoop" in worker:
        pytest.importorskip("uvloop")
    program = start(target, worker=worker)
    wait_listening(program)
    assert program.get().isdecimal()
    assert program.end() == 0
    assert "cleaned up" in program.seen


# What is no target, and what the log says of it.
NO_TARGETS = {
    "nothing": "should be either Application or async function returning Application, got None",
    "not_async": "async function returning Application, got <function not_async",
    "failing": "LookupError: no database",
}


@pytest.mark.parametrize("target", NO_TARGETS)
def test_no_targets(start: Start, target: str) -> None:
    program = start(target)
    program.wait_for("Exception in gunicorn worker")
    program.wait_for(NO_TARGETS[target])
    # gunicorn gives up a master whose workers do not boot, or starts more of them; both end.
    program.process.terminate()
    assert program.wait() in (0, 3)


def test_a_reload_under_load_loses_nothing(start: Start) -> None:
    program = start("app", "-w", "2", "--graceful-timeout", "5")
    wait_listening(program)
    ends = threading.Event()
    answers: set[str] = set()
    faults: list[str] = []

    def ask(kept: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=PATIENCE)
        while not ends.is_set():
            try:
                connection.request("GET", "/", headers={} if kept else {"Connection": "close"})
                answers.add(connection.getresponse().read().decode())
            except (OSError, http.client.HTTPException) as error:
                faults.append(repr(error))
                break
        connection.close()

    clients = [threading.Thread(target=ask, args=(kept,)) for kept in (True, True, False)]
    for client in clients:
        client.start()
    seen = {"started": 0, "cleaned up": 0}

    def wait_for(started: int, ended: int) -> None:
        while (seen["started"], seen["cleaned up"]) != (started, ended):
            seen[program.wait_for("(started|cleaned up)")[1]] += 1

    try:
        for rolls in range(3):
            wait_for(2 + 2 * rolls, 2 * rolls)
            if rolls < 2:
                program.send(signal.SIGHUP)
    finally:
        ends.set()
        for client in clients:
            client.join()
    assert faults == []
    assert len(answers) >= 4
    assert program.end() == 0


def test_max_requests(start: Start) -> None:
    program = start("app", "--max-requests", "5")
    wait_listening(program)
    first = program.get()
    for _ in range(6):
        program.get()
    program.wait_for("Max requests, shutting down")
    program.wait_for("cleaned up")
    assert program.get() != first
    assert program.end() == 0


def test_a_worker_that_hangs_is_ended(start: Start) -> None:
    program = start("app", "--timeout", "2")
    wait_listening(program)
    with program.connect() as sock:
        sock.sendall(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
        program.wait_for("WORKER TIMEOUT")
        program.wait_for("Booting worker")
    assert program.get().isdecimal()
    assert program.end() == 0


def test_tls(start: Start, tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    (tmp_path / "key.pem").write_bytes(certificate.private_key_pem.bytes())
    (tmp_path / "cert.pem").write_bytes(certificate.cert_chain_pems[0].bytes())
    program = start("app", "--certfile", "cert.pem", "--keyfile", "key.pem")
    wait_listening(program)
    import ssl

    context = ssl.create_default_context()
    authority.configure_trust(context)
    connection = http.client.HTTPSConnection(
        "localhost", program.port, context=context, timeout=PATIENCE
    )
    connection.request("GET", "/")
    assert connection.getresponse().read().isdigit()
    connection.close()
    assert program.end() == 0


def test_the_access_log(start: Start) -> None:
    program = start("app", "--access-logfile", "-", "--access-logformat", '%a "%r" %s')
    wait_listening(program)
    program.get("/nowhere")
    program.wait_for(r'127.0.0.1 "GET /nowhere HTTP/1.1" 404$')
    assert program.end() == 0


FORMATS = {
    '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"': AccessLogger.LOG_FORMAT,
    "%a %r": "%a %r",
    "%{Referer}i (%s)": "%{Referer}i (%s)",
}


def make_worker() -> GunicornWebWorker:
    cfg = SimpleNamespace(
        max_requests=0, max_requests_jitter=0, worker_tmp_dir=None, umask=0, uid=0, gid=0
    )
    worker: GunicornWebWorker = GunicornWebWorker(
        1, 2, [], None, 30, cfg, logging.getLogger("gunicorn")
    )
    return worker


@pytest.mark.parametrize("text", FORMATS)
def test_formats(text: str) -> None:
    worker = make_worker()
    assert worker._get_valid_log_format(text) == FORMATS[text]
    worker.tmp.close()


def test_a_format_of_gunicorn() -> None:
    worker = make_worker()
    with pytest.raises(ValueError, match=r"gunicorn's style of directive, '%\(h\)s': here it is"):
        worker._get_valid_log_format("%a %(h)s")
    worker.tmp.close()


def test_they_are_names_of_the_package() -> None:
    assert treadle.GunicornWebWorker is GunicornWebWorker
    assert issubclass(treadle.GunicornUVLoopWebWorker, GunicornWebWorker)
    # ``from treadle import *`` needs no gunicorn.
    assert "GunicornWebWorker" not in vars(treadle)["__all__"]
