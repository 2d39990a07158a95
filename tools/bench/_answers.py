"""One request over a socket of its own, and its answer as it came.

Strict on purpose: an answer without Content-Length (chunked, or ended by closing) is refused,
because the load generators and the bare server count on sized ones.
"""

import socket
from typing import NamedTuple, final

from bench._workloads import Workload

__all__ = ["Answer", "BadAnswer", "ask", "check", "read_answer", "split"]


@final
class BadAnswer(Exception):  # noqa: N818  # it is the answer that is bad
    """A server answered something else than the work asks for."""


@final
class Answer(NamedTuple):
    """A response, whole and in its parts."""

    raw: bytes
    status: int
    body: bytes


def split(data: bytes) -> Answer | None:
    """Return the answer at the start of ``data``, or None if more is needed.

    Raises ``BadAnswer`` if it has no Content-Length.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    status_line, *fields = data[:end].split(b"\r\n")
    sizes = [
        int(value)
        for name, _, value in (field.partition(b":") for field in fields)
        if name.lower() == b"content-length"
    ]
    if len(sizes) != 1:
        raise BadAnswer(f"An answer with {len(sizes)} Content-Length fields: {data[:end]!r}")
    stop = end + 4 + sizes[0]
    if len(data) < stop:
        return None
    return Answer(data[:stop], int(status_line.split(b" ")[1]), data[end + 4 : stop])


def read_answer(connection: socket.socket) -> Answer:
    """Read one answer; raises ``BadAnswer`` if the server closes or sends more than that."""
    data = b""
    while (answer := split(data)) is None:
        piece = connection.recv(1 << 20)
        if not piece:
            raise BadAnswer(f"The server closed the connection after {data[:500]!r}")
        data += piece
    if len(answer.raw) != len(data):
        raise BadAnswer(f"The server sent {len(data) - len(answer.raw)} bytes after its answer")
    return answer


def ask(port: int, request: bytes) -> Answer:
    """Return the answer to ``request``; raises ``OSError`` and ``BadAnswer``."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        return read_answer(connection)


def check(workload: Workload, answer: Answer) -> None:
    """Raise ``BadAnswer`` unless this is the right answer."""
    if answer.status != 200:
        raise BadAnswer(f"{workload.name}: status {answer.status}, not 200: {answer.raw[:500]!r}")
    if not workload.accepts(answer.body):
        raise BadAnswer(f"{workload.name}: a wrong body: {answer.body[:500]!r}")
