"""A WSGI application without a framework: ``python app_wsgi.py``, then

$ curl http://localhost:8000/
$ curl -r 0-9 http://localhost:8000/source
$ curl --compressed http://localhost:8000/numbers
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from wsgiref.simple_server import make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from treadle_responses import (
    HTTPException,
    HTTPMethodNotAllowed,
    HTTPNotFound,
    OpenFileResponse,
    Response,
    StreamResponse,
    json_response,
)


def numbers() -> Iterator[bytes]:
    for number in range(100_000):
        yield b"%d\n" % number


def answer(method: str, path: str) -> StreamResponse:
    if method not in ("GET", "HEAD"):
        raise HTTPMethodNotAllowed(method, ["GET", "HEAD"])
    if path == "/":
        response = json_response({"hello": "world"})
        response.etag = "v1"
        response.enable_conditions()  # 304 for a client that has it
        return response
    if path == "/source":
        return OpenFileResponse(Path(__file__).open("rb"))
    if path == "/numbers":
        response = Response(body=numbers(), content_type="text/plain")
        response.enable_compression()
        return response
    raise HTTPNotFound


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    try:
        response = answer(environ["REQUEST_METHOD"], environ["PATH_INFO"])
    except HTTPException as error:
        response = error
    return response.wsgi(environ, start_response)


if __name__ == "__main__":
    make_server("localhost", 8000, app).serve_forever()
