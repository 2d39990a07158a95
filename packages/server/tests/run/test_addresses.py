"""Where ``run_app`` listens: as sites, and as sockets that workers share."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from testkit import Run, hello
from treadle_server import Server, ServerRunner
from treadle_server._run.addresses import Addresses


def addresses(**given: Any) -> Addresses:
    names = ("host", "port", "path", "sock", "ssl_context", "reuse_address", "reuse_port")
    missing: dict[str, Any] = {name: None for name in names if name not in given}
    return Addresses(**missing, **given, backlog=10)


# What is given, and the names of its sites.
SITES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["http://0.0.0.0:8080"]),
    ({"port": 81}, ["http://0.0.0.0:81"]),
    ({"host": "a"}, ["http://a:8080"]),
    ({"host": ["a", "b"], "port": 81}, ["http://a:81", "http://b:81"]),
    ({"path": "/x"}, ["http://unix:/x:"]),
    ({"path": [Path("/x"), "/y"]}, ["http://unix:/x:", "http://unix:/y:"]),
    ({"path": "/x", "port": 81}, ["http://0.0.0.0:81", "http://unix:/x:"]),
    ({"host": []}, []),
    ({"sock": []}, []),
]


@pytest.mark.parametrize(("given", "names"), SITES)
def test_sites(run: Run, given: dict[str, Any], names: list[str]) -> None:
    async def main() -> None:
        runner = ServerRunner(Server(hello))
        await runner.setup()
        assert [site.name for site in addresses(**given).sites(runner)] == names
        await runner.cleanup()

    run(main())


def test_sockets_of_workers(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        made = addresses(host="127.0.0.1", port=0, path=path, sock=bound)
        sockets = made.bind()
        port = sockets[1].getsockname()[1]
        names = sorted(
            [
                f"http://127.0.0.1:{bound.getsockname()[1]}", f"http://127.0.0.1:{port}",
                f"http://unix:{path}:",
            ]
        )  # fmt: skip
        assert made.names(sockets) == names
        for sock in sockets[:2]:
            socket.create_connection(sock.getsockname(), timeout=5).close()

        async def main() -> None:
            runner = ServerRunner(Server(hello))
            await runner.setup()
            sites = made.shared_sites(runner, [sock.dup() for sock in sockets])
            assert sorted(site.name for site in sites) == names
            for site in sites:
                await site.start()
            await runner.cleanup()

        run(main())
        # The supervisor's stay, and so does the file, until it removes it.
        assert all(sock.fileno() > 0 for sock in sockets)
        assert path.exists()
        for sock in sockets:
            sock.close()
        made.remove_paths()
        assert not path.exists()
        made.remove_paths()


def test_each_worker_binds_with_reuse_port(run: Run) -> None:
    made = addresses(host="127.0.0.1", port=8123, reuse_port=True)
    assert made.each_binds
    assert made.bind() == []
    assert made.names([]) == ["http://127.0.0.1:8123"]

    async def main() -> None:
        runner = ServerRunner(Server(hello))
        await runner.setup()
        assert [site.name for site in made.shared_sites(runner, [])] == ["http://127.0.0.1:8123"]
        await runner.cleanup()

    run(main())
    with pytest.raises(ValueError, match="each worker would get another port 0: give a number"):
        addresses(host="127.0.0.1", port=0, reuse_port=True).bind()


def test_systemd_decides_where_nothing_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "1")
    # Given addresses are meant: the variable stays for whom it concerns.
    assert addresses(port=81).names([]) == []
    assert os.environ["LISTEN_FDS"] == "1"
    monkeypatch.delenv("LISTEN_PID")
    assert addresses().names([]) == []
    assert "LISTEN_FDS" not in os.environ


def test_an_address_that_cannot_be_used_leaves_no_other_one_open(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = addresses(host="127.0.0.1", port=port, path=[tmp_path / "a", tmp_path / "no" / "b"])
    with pytest.raises(OSError, match="No such file"):
        made.bind()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
