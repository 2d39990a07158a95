"""A Starlette application that measures uploads: ``uvicorn upload_starlette:app``.

    $ curl -F title=Bears -F file=@bear.png http://localhost:8000/

Starlette's own ``request.form()`` stores each file before the handler sees it. Here a target takes
the bytes while they arrive, in a thread, and none of them is stored.
"""

import asyncio

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from treadle_multipart import MultipartError, PartBegin, StreamedPart, Target, parse_asgi_form


class LineCounter:
    """Counts the lines of a file; it holds nothing, so that it needs no ``abort``."""

    def __init__(self) -> None:
        self.lines = 0

    def write(self, data: bytes, /) -> None:
        self.lines += data.count(b"\n")


def target_for(part: PartBegin) -> Target | None:
    return LineCounter() if part.filename else None


async def upload(request: Request) -> JSONResponse:
    try:
        form = await parse_asgi_form(
            request.scope, request.receive, target_for=target_for, offload=asyncio.to_thread
        )
    except MultipartError as error:
        raise HTTPException(error.status, str(error)) from error
    answer: dict[str, object] = {}
    with form:
        for name, value in form.items():
            if isinstance(value, StreamedPart) and isinstance(value.target, LineCounter):
                answer[name] = {"bytes": value.size, "lines": value.target.lines}
            else:
                answer[name] = value
    return JSONResponse(answer)


app = Starlette(routes=[Route("/", upload, methods=["POST"])])
