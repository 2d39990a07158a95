"""Who listens on a port."""

import os
import socket
import sys
from pathlib import Path

import pytest

from treadle._command.ports import listener_of

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it")


@linux
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_this_process(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as sock:
        found = listener_of(sock.getsockname()[1])
    assert found is not None
    assert found.endswith(f"(PID {os.getpid()})")


def test_nobody() -> None:
    with socket.socket() as sock:
        # Bound, and not listening.
        sock.bind(("127.0.0.1", 0))
        assert listener_of(sock.getsockname()[1]) is None


def test_where_nothing_is_told(tmp_path: Path) -> None:
    assert listener_of(80, tmp_path) is None


def test_a_process_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    row = "   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0 0 77"
    (tmp_path / "net/tcp").write_text(f"header\n{row}\n")
    (tmp_path / "12").mkdir()
    (tmp_path / "self").mkdir()
    assert listener_of(80, tmp_path) is None
    (tmp_path / "12/fd").mkdir()
    (tmp_path / "12/fd/3").symlink_to("socket:[77]")
    assert listener_of(80, tmp_path) == "'?' (PID 12)"
    (tmp_path / "12/comm").write_text("nginx\n")
    assert listener_of(80, tmp_path) == "'nginx' (PID 12)"
