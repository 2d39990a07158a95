"""Opening, reading and sending files: only regular ones, and nothing stays open."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from testkit import Run, each_loop, open_descriptors
from treadle_server._core.errors import ClientConnectionResetError
from treadle_server._transport.files import (
    FileTruncatedError,
    NotAFileError,
    open_file,
    send_from_file,
)
from treadle_server._transport.flow import FlowControl

DATA = bytes(range(256)) * 4096  # 1 MiB


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    path.write_bytes(DATA)
    return path


def test_a_file(path: Path) -> None:
    before = open_descriptors()
    file = open_file(str(path))
    assert file.facts.size == len(DATA)
    assert file.facts.mtime_ns == path.stat().st_mtime_ns
    assert (file.facts.coding, file.facts.varies) == (None, False)
    assert file.read(0, 10) == DATA[:10]
    assert file.read(1000, len(DATA) - 1000) == DATA[1000:]
    with pytest.raises(FileTruncatedError, match="10 bytes are missing"):
        file.read(len(DATA) - 10, 20)
    file.close()
    file.close()
    assert file.fd == -1
    # One that is forgotten is closed.
    open_file(str(path))
    assert open_descriptors() == before


def test_what_is_no_file(tmp_path: Path, path: Path) -> None:
    before = open_descriptors()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(path)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "sock"))
    listener.close()
    for bad in (tmp_path, tmp_path / "fifo", tmp_path / "sock", Path("/dev/null")):
        with pytest.raises(NotAFileError, match="not a regular file"):
            open_file(str(bad))
    for gone in (tmp_path / "nothing", path / "below", tmp_path / ("x" * 300)):
        with pytest.raises(OSError):
            open_file(str(gone))
    with pytest.raises(ValueError, match="null"):
        open_file(str(path) + "\0.txt")
    # A link is a file, where one may follow it.
    open_file(str(tmp_path / "link")).close()
    with pytest.raises(NotAFileError):
        open_file(str(tmp_path / "link"), follow=False)
    assert open_descriptors() == before


@pytest.mark.parametrize(
    ("siblings", "codings", "coding"),
    [
        ((), ("br", "gzip"), None),
        ((".gz",), ("zstd", "br", "gzip"), "gzip"),
        ((".gz", ".br"), ("br", "gzip"), "br"),
        ((".gz", ".br"), ("gzip", "br"), "gzip"),
        ((".gz", ".br", ".zst"), ("zstd",), "zstd"),
        ((".gz",), ("br",), None),
        ((".gz",), (), None),
    ],
)
def test_siblings(
    path: Path, siblings: tuple[str, ...], codings: tuple[str, ...], coding: str | None
) -> None:
    for suffix in siblings:
        path.with_name(path.name + suffix).write_bytes(b"small")
    file = open_file(str(path), codings, siblings=True)
    assert file.facts.coding == coding
    assert file.facts.varies is bool(siblings)
    assert file.facts.size == (5 if coding else len(DATA))
    file.close()
    # Nobody looks for them unasked.
    assert open_file(str(path), codings).facts.varies is False


def test_cve_2024_42367_siblings_that_are_links_or_directories(tmp_path: Path, path: Path) -> None:
    (tmp_path / "data.gz").symlink_to("/etc/passwd")
    (tmp_path / "data.br").mkdir()
    os.mkfifo(tmp_path / "data.zst")
    file = open_file(str(path), ("zstd", "br", "gzip"), siblings=True)
    assert (file.facts.coding, file.facts.varies) == (None, False)


def test_a_sibling_alone(tmp_path: Path) -> None:
    """It is sent to those that accept its coding; there is no file for all others."""
    (tmp_path / "alone.gz").write_bytes(b"x")
    path = str(tmp_path / "alone")
    opened = open_file(path, ("br", "gzip"), siblings=True)
    assert (opened.facts.coding, opened.facts.size) == ("gzip", 1)
    opened.close()
    for codings, siblings in (((), True), (("br",), True), (("gzip",), False)):
        with pytest.raises(FileNotFoundError):
            open_file(path, codings, siblings=siblings)


async def connected() -> tuple[socket.socket, socket.socket, FlowControl, asyncio.Transport]:
    """Two ends, and a transport that stands for the one of a connection."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours.dup())
    return ours, theirs, FlowControl(transport), transport


async def read_all(sock: socket.socket, size: int) -> bytes:
    loop = asyncio.get_running_loop()
    data = bytearray()
    while len(data) < size:
        piece = await loop.sock_recv(sock, 65536)
        if not piece:
            break
        data += piece
    return bytes(data)


@each_loop
def test_send(run: Run, path: Path) -> None:
    async def main() -> None:
        ours, theirs, flow, transport = await connected()
        file = open_file(str(path))
        with ours, theirs:
            # More than the socket's buffer: it must wait for the reader.
            size = len(DATA) - 100
            sending = asyncio.ensure_future(
                send_from_file(ours, flow, b"head", file.fd, 100, size, 5)
            )
            assert await read_all(theirs, 4 + size) == b"head" + DATA[100:]
            await sending
            await send_from_file(ours, flow, b"more", file.fd, 0, 0, 5)
            assert await read_all(theirs, 4) == b"more"
            transport.abort()

    run(main())


@each_loop
def test_a_file_that_shrinks(run: Run, path: Path) -> None:
    async def main() -> None:
        ours, theirs, flow, transport = await connected()
        file = open_file(str(path))
        os.truncate(path, 10)
        with ours, theirs:
            with pytest.raises(FileTruncatedError, match=f"{len(DATA) - 10} bytes are missing"):
                await send_from_file(ours, flow, b"", file.fd, 0, len(DATA), 5)
            transport.abort()

    run(main())


@each_loop
@pytest.mark.parametrize("how", ["stalls", "closes", "is lost", "was lost"])
def test_a_peer_that_leaves(run: Run, path: Path, how: str) -> None:
    async def main() -> None:
        ours, theirs, flow, transport = await connected()
        file = open_file(str(path))
        loop = asyncio.get_running_loop()
        with ours, theirs:
            if how == "closes":
                loop.call_soon(theirs.close)
            elif how == "is lost":
                loop.call_soon(transport.abort)
                loop.call_soon(flow.connection_lost)
            elif how == "was lost":
                flow.connection_lost()
            with pytest.raises(ClientConnectionResetError):
                await send_from_file(ours, flow, b"", file.fd, 0, len(DATA), 0.05)
            transport.abort()

    run(main())
