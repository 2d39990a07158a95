"""Every call to the operating system about files: open, stat, read, send.

The functions block and run in threads, except ``send_from_file``, which has the kernel copy a file
to a socket. An ``OpenFile`` owns its descriptor and closes it at the latest when it is freed.
"""

import asyncio
import contextlib
import errno
import os
import socket
import stat
from collections.abc import Sequence
from typing import Final, final

from treadle_responses import CODING_SUFFIXES, FileFacts
from treadle_server._core.errors import ClientConnectionResetError

from .flow import FlowControl

__all__ = [
    "CAN_SEND_FILES",
    "FileTruncatedError",
    "NotAFileError",
    "OpenFile",
    "is_missing",
    "open_file",
    "send_from_file",
    "socket_for_files",
]

#: True if this system has a call that sends a file to a socket.
CAN_SEND_FILES: Final = hasattr(os, "sendfile") and hasattr(socket, "MSG_DONTWAIT")

# O_NONBLOCK: if a FIFO takes the place of the file between stat and open, opening it must not wait
# for a process at its other end.
_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_NOFOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_MORE: Final = getattr(socket, "MSG_MORE", 0)

#: Bytes that the kernel copies in one call, which is one turn of the event loop.
_MOST_AT_ONCE: Final = 1024 * 1024

_PEER_IS_GONE: Final = frozenset(
    (errno.EPIPE, errno.ECONNRESET, errno.ECONNABORTED, errno.ENOTCONN, errno.ESHUTDOWN,
     errno.ETIMEDOUT, errno.EBADF)
)  # fmt: skip
_NO_SUCH_FILE: Final = frozenset(
    (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL, errno.ENXIO)
)


def is_missing(error: Exception) -> bool:
    """Return True if the file does not exist, False for a failure of the system such as EMFILE."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError, ValueError)):
        # ValueError: a path with NUL, which no file has.
        return True
    return isinstance(error, OSError) and error.errno in _NO_SUCH_FILE


class NotAFileError(OSError):
    """The path does not name a regular file, but a directory, a FIFO or a device."""


class FileTruncatedError(RuntimeError):
    """A file has become shorter while it was sent; the response breaks off."""


@final
class OpenFile:
    """A regular file, open for reading, and its facts."""

    __slots__ = ("_fd", "_path", "facts")

    def __init__(self, fd: int, facts: FileFacts, path: str = "") -> None:
        self._fd = fd
        self.facts: Final = facts
        self._path: Final = path

    @property
    def fd(self) -> int:
        """The file descriptor; -1 once closed."""
        return self._fd

    def read(self, offset: int, size: int) -> bytes:
        """Return ``size`` bytes from ``offset`` on; blocks.

        Raises ``FileTruncatedError`` if there are fewer.
        """
        pieces = []
        while size > 0:
            piece = _read_at(self._fd, size, offset)
            if not piece:
                raise FileTruncatedError(
                    f"A file became shorter while it was sent: {size} bytes are missing at {offset}"
                )
            pieces.append(piece)
            offset += len(piece)
            size -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def absolute_path(self) -> str | None:
        """Return the absolute path of the file; None if there is another file by now; blocks."""
        path = os.path.abspath(self._path)  # noqa: PTH100  # a str
        try:
            same = os.path.samestat(os.stat(path), os.fstat(self._fd))  # noqa: PTH116  # as above
        except OSError:
            return None
        return path if same else None

    def close(self) -> None:
        """Close the file; may be called again."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        # A middleware may drop a response that holds one of these.
        self.close()


if hasattr(os, "pread"):

    def _read_at(fd: int, size: int, offset: int) -> bytes:
        return os.pread(fd, size, offset)

else:

    def _read_at(fd: int, size: int, offset: int) -> bytes:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, size)


def open_file(
    path: str, codings: Sequence[str] = (), *, siblings: bool = False, follow: bool = True
) -> OpenFile:
    """Open ``path``, or with ``siblings`` a compressed file beside it; blocks.

    Of the siblings (``path`` and ``.zst``, ``.br`` or ``.gz``) the first of ``codings`` that is a
    regular file is taken, also if there is no file ``path`` itself. Without ``follow`` a symbolic
    link is not. Raises ``NotAFileError`` for another kind of file and ``OSError`` for one that
    cannot be opened.
    """
    # Checked before it is opened, because opening a device can have an effect.
    try:
        _check_regular(os.stat(path) if follow else os.lstat(path), path)  # noqa: PTH116  # as below
    except FileNotFoundError:
        if not siblings:
            raise
    varies = False
    if siblings:
        found = [coding for coding, suffix in CODING_SUFFIXES.items() if _is_file(path + suffix)]
        varies = bool(found)
        for coding in codings:
            if coding in found:
                with contextlib.suppress(OSError):
                    return _open(path + CODING_SUFFIXES[coding], coding, varies, follow=False)
    return _open(path, None, varies, follow=follow)


def _is_file(path: str) -> bool:
    """Return True if there is a regular file; a sibling that is a link could lead anywhere."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def _open(path: str, coding: str | None, varies: bool, *, follow: bool) -> OpenFile:
    fd = os.open(path, _FLAGS if follow else _FLAGS | _NOFOLLOW)
    try:
        # Check the opened file: another one may have taken its place at the path.
        status = os.fstat(fd)
        _check_regular(status, path)
        return OpenFile(fd, FileFacts(status.st_size, status.st_mtime_ns, coding, varies), path)
    except BaseException:
        os.close(fd)
        raise


def _check_regular(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotAFileError(f"{path!r} is not a regular file")


def socket_for_files(transport: asyncio.Transport) -> socket.socket | None:
    """Return a duplicate of a transport's socket for ``send_from_file``, which the caller closes.

    None over TLS, while bytes wait to be written, on systems without ``sendfile``, and if the
    process or the system has no descriptor left: the file can still be read and written.
    """
    if not CAN_SEND_FILES or transport.get_write_buffer_size():
        return None
    sock = transport.get_extra_info("socket")
    if sock is None or transport.get_extra_info("sslcontext") is not None:
        return None
    # A duplicate, because an event loop does not watch the descriptor of a transport.
    try:
        fd = os.dup(sock.fileno())
    except OSError:
        return None
    duplicate = socket.socket(sock.family, sock.type, sock.proto, fd)
    duplicate.setblocking(False)
    return duplicate


async def send_from_file(
    sock: socket.socket,
    flow: FlowControl,
    head: bytes,
    fd: int,
    offset: int,
    count: int,
    stall_timeout: float,
) -> None:
    """Send ``head`` and then ``count`` bytes of a file, which the kernel copies to the socket.

    ``sock`` is a non-blocking duplicate of a transport's socket, whose buffer is empty and stays
    so meanwhile. Raises ``ClientConnectionResetError`` when the peer is gone, or takes
    nothing for ``stall_timeout`` seconds, and ``FileTruncatedError`` when the file ends early.
    """
    view = memoryview(head)
    while True:
        if flow.lost:
            raise ClientConnectionResetError("Cannot write: the client has closed the connection")
        try:
            if view:
                # MSG_MORE: the head leaves in one packet with what follows.
                view = view[sock.send(view, _MORE if count else 0) :]
                continue
            if not count:
                return
            sent = os.sendfile(sock.fileno(), fd, offset, min(count, _MOST_AT_ONCE))
        except (BlockingIOError, InterruptedError):
            await _writable(sock, flow, stall_timeout)
            continue
        except OSError as error:
            if error.errno not in _PEER_IS_GONE:
                # A failure of the file or the system, which belongs into the log.
                raise
            raise ClientConnectionResetError(f"Cannot write: {error}") from error
        if not sent:
            raise FileTruncatedError(
                f"A file became shorter while it was sent: {count} bytes are missing at {offset}"
            )
        offset += sent
        count -= sent
        if sent == _MOST_AT_ONCE:
            # A fast peer must not keep other connections from their turn.
            await asyncio.sleep(0)


async def _writable(sock: socket.socket, flow: FlowControl, timeout: float) -> None:
    """Wait until the socket takes more, or the connection is lost."""
    loop = asyncio.get_running_loop()
    waiter = loop.create_future()
    flow.wake_with(waiter)

    def wake() -> None:
        if not waiter.done():
            waiter.set_result(None)

    loop.add_writer(sock, wake)
    try:
        async with asyncio.timeout(timeout):
            await waiter
    except TimeoutError:
        raise ClientConnectionResetError("The client has stopped reading") from None
    finally:
        loop.remove_writer(sock)
        flow.forget(waiter)
