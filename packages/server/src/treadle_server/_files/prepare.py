"""Prepare the response to a request for a file: open it, plan the answer, read what is small.

``file_request`` copies what the plan depends on, in the event loop; ``prepare_file`` does all that
may block, in one call for a worker thread. Neither knows how a file is sent: that is
``_files.response``.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, final

from multidict import CIMultiDict

from treadle_responses import (
    FilePlan,
    RequestInfo,
    StreamResponse,
    acceptable_codings,
    guess_content_type,
    is_compressed_type,
    plan_file,
)
from treadle_server._http.request import BaseRequest
from treadle_server._transport.files import OpenFile

__all__ = ["ADDED_TYPES", "FileRequest", "Opener", "PreparedFile", "file_request", "prepare_file"]

#: Up to this size a file is read where it is opened and sent in one write with its head. That is
#: cheaper than a duplicate of the socket and two more calls; at 100 KiB the copies cost more.
_INLINE: Final = 64 * 1024

#: Media types by extension that programs have added to ``_files.content_types``.
ADDED_TYPES: Final[dict[str, str]] = {}

# The codings of precompressed siblings, in the order of preference.
_CODINGS: Final = ("zstd", "br", "gzip")

# The request fields that a plan depends on, and the one for precompressed siblings.
_FIELDS: Final = {
    name.lower().encode(): name
    for name in (
        "Accept-Encoding", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range",
        "If-Unmodified-Since", "Range",
    )
}  # fmt: skip


@final
class FileRequest(NamedTuple):
    """The request and response fields that file planning needs, copied for a worker thread."""

    method: str
    fields: Mapping[str, str]
    status: int
    given: Mapping[str, str]
    precompressed: bool


@final
class PreparedFile(NamedTuple):
    """A plan with its content: the open file, or the bytes read from it."""

    plan: FilePlan
    file: OpenFile | None
    data: bytes


#: Opens the file. Takes the codings of the siblings to try, in the order of preference, and True
#: if there may be siblings at all, so that the answer depends on Accept-Encoding. Blocks.
Opener = Callable[[tuple[str, ...], bool], OpenFile]


def file_request(
    request: RequestInfo, response: StreamResponse, *, precompressed: bool
) -> FileRequest:
    """Return a copy of what ``prepare_file`` needs of ``request`` and ``response``."""
    fields: dict[str, str] = {}
    if isinstance(request, BaseRequest):
        # The raw fields: building a header object would cost as much as the whole plan.
        for raw_name, raw_value in request.raw_headers:
            name = _FIELDS.get(raw_name.lower())
            if name is not None:
                value = raw_value.decode("utf-8", "surrogateescape")
                fields[name] = f"{fields[name]}, {value}" if name in fields else value
    else:
        fields = {
            name: request.headers[name] for name in _FIELDS.values() if name in request.headers
        }
    given: CIMultiDict[str] = CIMultiDict(response.headers)
    return FileRequest(request.method, fields, response.status, given, precompressed)


def prepare_file(request: FileRequest, name: str, opener: Opener) -> PreparedFile:
    """Open a file, plan the answer, and read the file if it is small; blocks.

    ``name`` is the file's name, from which its media type follows. Raises the ``OSError`` of
    ``opener``.
    """
    extension = f".{name.rpartition('.')[2].lower()}"
    content_type = ADDED_TYPES.get(extension) or guess_content_type(name)
    given = request.given
    # A response with a Content-Encoding of its own has no siblings, nor has a file of a type that
    # no build step would compress.
    media_type = content_type.partition(";")[0]
    siblings = (
        request.precompressed
        and media_type != "application/octet-stream"
        and "Content-Encoding" not in given
        and not is_compressed_type(media_type)
    )
    codings: tuple[str, ...] = ()
    if siblings:
        codings = acceptable_codings(request.fields.get("Accept-Encoding"), _CODINGS)
    file = opener(codings, siblings)
    try:
        plan = plan_file(
            request.method,
            request.fields,
            file.facts,
            content_type=content_type,
            status=request.status,
            given=given,
            now=time.time(),
        )
        if request.method == "HEAD" or not plan.segments:
            file.close()
            return PreparedFile(plan, None, plan.closing)
        if plan.length > _INLINE:
            return PreparedFile(plan, file, b"")
        data = _read_all(plan, file)
        file.close()
        return PreparedFile(plan, None, data)
    except BaseException:
        file.close()
        raise


def _read_all(plan: FilePlan, file: OpenFile) -> bytes:
    pieces = []
    for segment in plan.segments:
        if segment.preamble:
            pieces.append(segment.preamble)
        pieces.append(file.read(segment.offset, segment.length) if segment.length else b"")
    if plan.closing:
        pieces.append(plan.closing)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
