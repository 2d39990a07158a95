"""A WSGI application that stores uploads as files: ``python upload_wsgi.py FOLDER``.

    $ curl -F file=@bear.png http://localhost:8000/

A file appears in the folder when the whole form has arrived, and never a part of one.
"""

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from wsgiref.simple_server import make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from treadle_multipart import MultipartError, PartBegin, Target, parse_wsgi_form, safe_filename


class FileTarget:
    """Writes to a temporary file, which gets its name only if the upload arrives whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = tempfile.NamedTemporaryFile(dir=path.parent, delete=False)  # noqa: SIM115

    def write(self, data: bytes, /) -> None:
        self._file.write(data)

    def close(self) -> None:
        self._file.close()
        Path(self._file.name).replace(self.path)

    def abort(self) -> None:
        self._file.close()
        Path(self._file.name).unlink()


def make_app(folder: Path) -> WSGIApplication:
    def target_for(part: PartBegin) -> Target | None:
        if not part.filename:
            return None  # a field: the form keeps it
        return FileTarget(folder / safe_filename(part.filename))

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, text = "200 OK", ""
        try:
            with parse_wsgi_form(environ, target_for=target_for) as form:
                text = "\n".join(f"{name}: {value!r}" for name, value in form.items())
        except MultipartError as error:
            status, text = f"{error.status} Refused", str(error)
        start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
        return [text.encode()]

    return app


if __name__ == "__main__":
    make_server("localhost", 8000, make_app(Path(sys.argv[1]))).serve_forever()
