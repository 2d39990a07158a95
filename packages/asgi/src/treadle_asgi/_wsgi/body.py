"""The body of a request for ``wsgi.input``: in memory up to a threshold, then in a file.

An application reads it in a thread, and may read slowly or not at all. So all of it is stored
before a thread is asked for: a client that sends slowly keeps no thread waiting.
"""

import functools
from typing import final

from treadle_multipart import Spool, SpoolPolicy
from treadle_responses import HTTPRequestEntityTooLarge
from treadle_server import BaseRequest
from treadle_server.interfaces import RequestBody

__all__ = ["StoredBody", "store_body"]


@final
class StoredBody:
    """A body that has arrived, at its start.

    ``was_decoded`` is True if the server has undone the coding of Content-Encoding.
    """

    __slots__ = ("spool", "was_decoded")

    def __init__(self, spool: Spool, *, was_decoded: bool) -> None:
        self.spool = spool
        self.was_decoded = was_decoded


async def store_body(request: BaseRequest, policy: SpoolPolicy) -> StoredBody:
    """Return the body of ``request``, also if a middleware has read it with ``request.read()``.

    Raises ``HTTPRequestEntityTooLarge`` for more than ``request.client_max_size`` bytes, at once if
    that many are announced, and ``OSError`` if the file cannot be written.
    """
    content = request.content
    spool = Spool(policy)
    if not request.body_exists:
        return StoredBody(spool, was_decoded=False)
    decoded = isinstance(content, RequestBody) and content.decodes
    limit = request.client_max_size
    _check_size(limit, request.head.framing.content_length or 0)
    run = request.response_writer.run_blocking
    try:
        # Read before: then it is in memory.
        piece = await (content.readany() if request.can_read_body else request.read())
        while piece:
            size = spool.size + len(piece)
            _check_size(limit, size)
            if spool.in_memory and size > policy.threshold:
                await run(spool.roll)
            if spool.in_memory:
                spool.write(piece)
            else:
                await run(functools.partial(spool.write, piece))
            piece = await content.readany()
        if spool.in_memory:
            spool.file.seek(0)
        else:
            await run(functools.partial(spool.file.seek, 0))
    except BaseException:
        spool.abort()
        raise
    return StoredBody(spool, was_decoded=decoded)


def _check_size(limit: int, size: int) -> None:
    if limit and size > limit:
        raise HTTPRequestEntityTooLarge(limit, size)
