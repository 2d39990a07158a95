"""The listening sockets that workers share."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from treadle_server._run.listeners import activated_sockets, bind_tcp, bind_unix


def test_every_address_of_a_host() -> None:
    sockets = bind_tcp(["localhost", "127.0.0.1"], 0, 5)
    try:
        names = [sock.getsockname() for sock in sockets]
        # Once, though both hosts have it, and all with the port that the first one got.
        assert [name[0] for name in names].count("127.0.0.1") == 1
        assert len({name[1] for name in names}) == 1
        for name in names:
            socket.create_connection(name[:2], timeout=5).close()
        assert not any(sock.get_inheritable() for sock in sockets)
    finally:
        for sock in sockets:
            sock.close()


def test_all_interfaces() -> None:
    sockets = bind_tcp([None], 0, 5)
    try:
        port = sockets[0].getsockname()[1]
        assert {sock.getsockname()[0] for sock in sockets} <= {"0.0.0.0", "::"}  # what is asserted
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    finally:
        for sock in sockets:
            sock.close()


def test_a_port_in_use() -> None:
    (sock,) = bind_tcp(["127.0.0.1"], 0, 5)
    with sock:
        port = sock.getsockname()[1]
        text = rf"while attempting to bind on address \('127.0.0.1', {port}\): Address already"
        with pytest.raises(OSError, match=text):
            bind_tcp(["127.0.0.1"], port, 5)


def test_a_host_that_is_not_here() -> None:
    with pytest.raises(OSError, match=r"address \('192.0.2.1', 80\): Cannot assign"):
        bind_tcp(["192.0.2.1"], 80, 5)
    with pytest.raises(socket.gaierror):
        bind_tcp(["no.such.host.invalid"], 80, 5)


def test_a_unix_socket_replaces_an_old_one(tmp_path: Path) -> None:
    path = str(tmp_path / "web.sock")
    bind_unix(path, 5).close()
    assert stat.S_ISSOCK(Path(path).stat().st_mode)
    with bind_unix(path, 5), socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        assert client.getpeername() == path


def test_a_file_is_not_replaced_by_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text("mine")
    with pytest.raises(OSError, match=r"in use: '.*data'"):
        bind_unix(str(path), 5)
    assert path.read_text() == "mine"
    with pytest.raises(OSError, match=r"No such file or directory: '/no/folder/web\.sock'"):
        bind_unix("/no/folder/web.sock", 5)


# The variables of systemd that name no socket of this process.
NOT_OURS: list[dict[str, str]] = [
    {},
    {"LISTEN_FDS": "1"},
    {"LISTEN_PID": "1", "LISTEN_FDS": "1"},
    {"LISTEN_PID": str(os.getpid())},
    {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "0"},
    {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "-1"},
    {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "x"},
]


@pytest.mark.parametrize("environment", NOT_OURS)
def test_sockets_of_others(environment: dict[str, str]) -> None:
    given = environment | {"HOME": "/"}
    assert activated_sockets(given) == []
    # No child takes them for its own.
    assert given == {"HOME": "/"}


PROGRAM = """
import os, socket, sys
os.environ["LISTEN_PID"] = str(os.getpid())
from treadle_server._run.listeners import activated_sockets
try:
    sockets = activated_sockets()
except OSError as error:
    print("refused:", error)
else:
    for sock in sockets:
        print(sock.family.name, sock.getsockname(), sock.get_inheritable(), sock.getblocking())
    print([name for name in os.environ if name.startswith("LISTEN_")])
"""


def run_with(*sockets: socket.socket) -> list[str]:
    """Run the program with sockets as its descriptors from 3 on, as systemd does."""
    code = (
        "import fcntl, os, sys\n"
        f"numbers = {[sock.fileno() for sock in sockets]!r}\n"
        # Out of the way.
        "moved = [fcntl.fcntl(number, fcntl.F_DUPFD, 50) for number in numbers]\n"
        "for at, number in enumerate(moved): os.dup2(number, 3 + at)\n"
        f"os.environ['LISTEN_FDS'] = '{len(sockets)}'\n"
        f"os.execv(sys.executable, [sys.executable, '-c', {PROGRAM!r}])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        pass_fds=[sock.fileno() for sock in sockets],
    )  # fmt: skip
    return done.stdout.splitlines()


def test_sockets_of_systemd(tmp_path: Path) -> None:
    path = str(tmp_path / "web.sock")
    (tcp,) = bind_tcp(["127.0.0.1"], 0, 5)
    with tcp, bind_unix(path, 5) as unix:
        assert run_with(tcp, unix) == [
            f"AF_INET {tcp.getsockname()} False False",
            f"AF_UNIX {path} False False",
            "[]",
        ]


def test_descriptors_that_do_not_listen() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert run_with(sock) == [
            "refused: descriptor 3 of LISTEN_FDS is no socket that listens for streams"
        ]
    with socket.socket() as sock:
        assert run_with(sock)[0].startswith("refused: descriptor 3")
