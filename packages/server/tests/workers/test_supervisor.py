"""Real workers: started, replaced under load, killed, hung and stopped."""

import http.client
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from testkit import PATIENCE, Program
from treadle_server._workers.settings import WorkerSettings
from treadle_server._workers.supervisor import Supervisor

Start = Callable[..., Program]

TWO = '{"port": 0, "workers": 2}'


class Load(threading.Thread):
    """A client that asks without a pause, on a kept connection or on new ones."""

    def __init__(self, port: int, *, kept: bool) -> None:
        super().__init__()
        self.port = port
        self.kept = kept
        self.answers: list[str] = []
        self.faults: list[str] = []
        self.ends = threading.Event()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {} if self.kept else {"Connection": "close"}
        while not self.ends.is_set():
            try:
                connection.request("GET", "/", headers=headers)
                self.answers.append(connection.getresponse().read().decode())
            except (OSError, http.client.HTTPException) as error:
                self.faults.append(repr(error))
                break
        connection.close()


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "new"])
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("workers", [1, 2])
def test_rolls_under_load_lose_nothing(start: Start, workers: int, loop: str, kept: bool) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    program = start(f'{{"port": 0, "workers": {workers}, "loop": "{loop}"}}')
    program.wait_running()
    clients = [Load(program.port, kept=kept) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        for _ in range(2):
            program.send(signal.SIGHUP)
            # The next one may be replaced before the first one has ended.
            for _ in range(workers):
                program.wait_for(r"has ended")
    finally:
        for client in clients:
            client.ends.set()
        for client in clients:
            client.join()
    assert [fault for client in clients for fault in client.faults] == []
    assert len({answer for client in clients for answer in client.answers}) > workers
    replaced = [line for line in program.seen if "is replaced: a reload was asked for" in line]
    assert len(replaced) == 2 * workers
    assert program.end() == 0


def test_a_killed_worker_takes_only_its_own_requests(start: Start) -> None:
    program = start(TWO)
    program.wait_running()
    first, second = program.pids()
    with program.connect() as sock:
        # Whoever has it waits in a handler.
        sock.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        program.wait_for("slow begins")
        for _ in range(3):
            pid = int(program.get())
            os.kill(pid, signal.SIGKILL)
            program.wait_for(rf"process {pid}\) was ended by SIGKILL; another one is started")
            program.wait_for("serves")
            # Nobody is refused meanwhile: the queue of new connections is not the worker's.
            assert int(program.get()) != pid
    assert first != second
    assert program.end() == 0


def test_a_worker_that_does_not_start_during_a_roll(start: Start) -> None:
    program = start(TWO)
    program.wait_running()
    before = set(program.pids())
    (program.folder / "broken").touch()
    program.send(signal.SIGHUP)
    program.wait_for(r"ERROR Worker 3 .* did not start: LookupError: no database at <here>")
    program.wait_for("The old workers go on serving")
    assert {int(program.get()) for _ in range(20)} <= before
    # Repaired.
    (program.folder / "broken").unlink()
    program.send(signal.SIGHUP)
    for _ in range(2):
        program.wait_for(r"has ended")
    assert not {int(program.get()) for _ in range(20)} & before
    assert program.end() == 0


def test_workers_that_never_start(start: Start, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    program = start('{"port": 0, "workers": 1}')
    assert program.wait() == 3
    output = "\n".join(program.seen)
    assert "CRITICAL No worker could start in 3 attempts: LookupError: no database" in output
    # The worker's own error, with the line of the program.
    assert 'raise LookupError("no database at <here>")' in output
    assert "Running on" not in output


def test_a_worker_that_hangs_prints_its_stacks_and_is_replaced(start: Start) -> None:
    program = start('{"port": 0, "workers": 2, "heartbeat_timeout": 1.5}')
    program.wait_running()
    with program.connect() as sock:
        sock.sendall(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
        number = program.wait_for(r"ERROR Worker (\d) .* hangs: its event loop has not run for")[1]
        program.wait_for(r'File ".*webapp.py", line \d+ in hang')
        program.wait_for(rf"Worker {number} .* was ended by SIGKILL")
        program.wait_for(r"Worker 3 .* serves")
        assert sock.recv(100) == b""
    assert program.get().isdecimal()
    assert program.end() == 0


def test_a_limit_of_requests(start: Start) -> None:
    program = start('{"port": 0, "workers": 1, "max_requests": 20}')
    program.wait_running()
    first = int(program.get())
    for _ in range(20):
        program.get()
    program.wait_for(r"Worker 1 .* is replaced: it has handled 2\d requests")
    program.wait_for(r"Worker 1 .* has ended")
    assert int(program.get()) != first
    assert program.end() == 0


def test_more_and_fewer_workers(start: Start) -> None:
    program = start('{"port": 0, "workers": 1}')
    program.wait_running()
    program.send(signal.SIGTTIN)
    program.wait_for("The number of workers is 2, one more")
    program.wait_for("Worker 2 .* serves")
    program.send(signal.SIGTTOU)
    program.wait_for("The number of workers is 1, one less")
    program.wait_for("Worker 1 .* has ended")
    assert int(program.get()) == program.pids()[1]
    assert program.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_handlers_finish(start: Start, number: int) -> None:
    program = start(TWO)
    program.wait_running()
    with program.connect() as sock:
        sock.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        program.wait_for("slow begins")
        program.send(number)
        answer = b""
        while piece := sock.recv(65_536):
            answer += piece
    assert answer.endswith(b"finished")
    assert b"\r\nConnection: close\r\n" in answer
    assert program.wait() == 0
    with pytest.raises(ConnectionRefusedError):
        program.connect()


def test_ctrl_c_of_a_terminal_reaches_all_and_is_one_stop(start: Start) -> None:
    program = start(TWO, start_new_session=True)
    program.wait_running()
    with program.connect() as sock:
        sock.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        program.wait_for("slow begins")
        os.killpg(program.process.pid, signal.SIGINT)
        answer = b""
        while piece := sock.recv(65_536):
            answer += piece
    assert answer.endswith(b"finished")
    assert program.wait() == 0
    assert "Traceback" not in "\n".join(program.seen)


def test_further_signals_hurry_the_stop(start: Start) -> None:
    program = start(TWO)
    program.wait_running()
    with program.connect() as sock:
        # It never notices a cancellation.
        sock.sendall(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
        program.send(signal.SIGTERM)
        program.wait_for("All workers end$")
        program.send(signal.SIGTERM)
        program.wait_for("All workers end without a wait for handlers$")
        program.send(signal.SIGTERM)
        program.wait_for("All workers are killed$")
        assert program.wait() == 0


def test_websockets_end_at_a_stop(start: Start) -> None:
    program = start(TWO)
    program.wait_running()
    socks = [program.connect() for _ in range(20)]
    for sock in socks:
        sock.sendall(
            b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert sock.recv(65_536).startswith(b"HTTP/1.1 101")
    program.send(signal.SIGTERM)
    begun = time.monotonic()
    for sock in socks:
        with sock:
            assert sock.recv(65_536)[:4] == b"\x88\x02\x03\xe9"  # 1001
            sock.sendall(b"\x88\x82\0\0\0\0\x03\xe9")
            assert sock.recv(65_536) == b""
    assert program.wait() == 0
    assert time.monotonic() - begun < 10


def test_workers_end_without_their_supervisor(start: Start) -> None:
    program = start(TWO)
    program.wait_running()
    pids = program.pids()
    program.process.kill()
    for _ in pids:
        program.wait_for(r"WARNING The supervisor of process \d+ has gone: the worker ends")
    # The pipe of the log ends with the last of them.
    assert program.wait() == -signal.SIGKILL
    with pytest.raises(ConnectionRefusedError):
        program.connect()


def test_files_of_the_log_are_opened_again(start: Start, tmp_path: Path) -> None:
    code = (
        "import logging, sys, webapp\n"
        "handler = logging.FileHandler('app.log')\n"
        "logging.getLogger('treadle.workers').addHandler(handler)\n"
        "webapp.main(host='127.0.0.1', port=0, workers=1)\n"
    )
    program = start(["-c", code])
    program.wait_running()
    (tmp_path / "app.log").rename(tmp_path / "app.log.1")
    program.send(signal.SIGUSR1)
    for _ in range(2):
        program.wait_for("The files of the log are open again")
    assert program.end() == 0
    assert "serves" in (tmp_path / "app.log.1").read_text()
    assert (tmp_path / "app.log").read_text().count("open again") == 2
    assert "All workers end" in (tmp_path / "app.log").read_text()


def test_process_1_collects_the_children_of_others(start: Start, tmp_path: Path) -> None:
    unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    probe = start(["-c", f"import os; os.execvp('unshare', {[*unshare, 'true']!r})"])
    if probe.wait():
        pytest.skip("a namespace of processes needs more rights")
    code = (
        "import os, subprocess, webapp\n"
        "async def orphan(request):\n"
        "    from treadle_responses import Response\n"
        # A shell ends at once, and leaves a child behind that ends later.
        "    subprocess.run('sleep 0.1 & true', shell=True)\n"
        "    return Response(text='left')\n"
        "async def zombies(request):\n"
        "    from treadle_responses import Response\n"
        "    states = [open(f'/proc/{pid}/stat').read() for pid in os.listdir('/proc')\n"
        "              if pid.isdecimal()]\n"
        "    return Response(text=str(sum(') Z ' in state for state in states)))\n"
        "app = webapp.make()\n"
        "app.router.add_get('/orphan', orphan)\n"
        "app.router.add_get('/zombies', zombies)\n"
        "print('process', os.getpid())\n"
        "webapp.run_app(app, host='127.0.0.1', port=0, workers=1, access_log=None)\n"
    )
    (tmp_path / "first.py").write_text(code)
    command = [*unshare, sys.executable, "first.py"]
    program = start(["-c", f"import os; os.execvp('unshare', {command!r})"])
    assert program.wait_for(r"^process (\d+)$")[1] == "1"
    program.wait_running()
    for _ in range(3):
        assert program.get("/orphan") == "left"
    deadline = time.monotonic() + PATIENCE
    # None is left once the last of them has ended; each look takes a turn of the supervisor.
    while program.get("/zombies") != "0" or program.get("/slow") != "finished":
        assert time.monotonic() < deadline
    assert program.get("/zombies") == "0"


def test_spawned_workers(start: Start, tmp_path: Path) -> None:
    (tmp_path / "spawned.py").write_text(
        "import webapp\n"
        "from treadle_server._run import many\n"
        "if __name__ == '__main__':\n"
        "    many.START_METHOD = 'spawn'\n"
        "    try:\n"
        "        webapp.main(workers=1)\n"
        "    except ValueError as error:\n"
        "        print('refused:', error)\n"
        "    webapp.run_app(webapp.make, host='127.0.0.1', port=0, workers=2, access_log=None)\n"
    )
    program = start(["spawned.py"])
    program.wait_for("refused: .* give run_app\\(\\) a function of a module that returns the app")
    program.wait_running()
    before = set(program.pids())
    assert {int(program.get()) for _ in range(10)} <= before
    program.send(signal.SIGHUP)
    for _ in range(2):
        program.wait_for(r"has ended")
    assert not {int(program.get()) for _ in range(10)} & before
    assert program.end() == 0


def test_a_signal_right_behind_the_fork_is_not_lost(start: Start) -> None:
    """A new worker has the supervisor's handlers until it has set its own."""
    code = (
        "import os, signal, webapp\n"
        "end = lambda: os.kill(os.getpid(), signal.SIGTERM)\n"
        "os.register_at_fork(after_in_child=end)\n"
        "webapp.main(host='127.0.0.1', port=0, workers=1)\n"
    )
    program = start(["-c", code])
    program.wait_for("did not start: it was ended by SIGTERM")
    assert program.wait() == 3
    assert "Running on" not in "\n".join(program.seen)


def test_only_the_main_thread_has_workers() -> None:
    faults = []

    def run() -> None:
        with socket.socket() as sock:
            try:
                Supervisor(
                    lambda _sockets, _link: None, [sock], WorkerSettings(1), start_method="fork"
                )
            except ValueError as error:
                faults.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert faults == ["workers are started by the main thread, since it gets the signals"]


def test_threads_before_a_fork_are_warned_of(start: Start) -> None:
    code = (
        "import threading, webapp\n"
        "threading.Thread(target=threading.Event().wait, name='mine', daemon=True).start()\n"
        "webapp.main(host='127.0.0.1', port=0, workers=1)\n"
    )
    program = start(["-c", code])
    program.wait_for("WARNING A fork copies this process without its threads, .*: mine. Start")
    program.wait_running()
    assert program.end() == 0
    assert "DeprecationWarning" not in "\n".join(program.seen)


def test_the_supervisor_is_small(start: Start) -> None:
    rollup = Path("/proc/self/smaps_rollup")
    if not rollup.exists():
        pytest.skip("the system does not tell what a process shares")
    program: Program = start(TWO)
    program.wait_running()
    lines = Path(f"/proc/{program.process.pid}/smaps_rollup").read_text().splitlines()
    own = sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
    assert own < 15 * 1024
