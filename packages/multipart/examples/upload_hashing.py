"""Hash files while they are written, and store each under its digest; none is read twice.

    $ python upload_hashing.py FOLDER bear.png bear-again.png

Two uploads of the same content are one file.
"""

import hashlib
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

from treadle_multipart import MultipartBody, PartBegin, StreamedPart, Target, parse_form


class HashedFile:
    """A file whose name is known when its last byte has come; ``digest`` is None before."""

    def __init__(self, folder: Path) -> None:
        self.digest: str | None = None
        self._folder = folder
        self._hash = hashlib.sha256()
        self._file = tempfile.NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115

    def write(self, data: bytes, /) -> None:
        self._hash.update(data)
        self._file.write(data)

    def close(self) -> None:
        self._file.close()
        self.digest = self._hash.hexdigest()
        Path(self._file.name).replace(self._folder / self.digest)

    def abort(self) -> None:
        self._file.close()
        Path(self._file.name).unlink()


def receive(content_type: str, body: BinaryIO, folder: Path) -> list[tuple[str, str]]:
    """Store the files of a form; return the name of each field with the digest of its file."""

    def target_for(part: PartBegin) -> Target | None:
        return HashedFile(folder) if part.filename else None

    found: list[tuple[str, str]] = []
    for name, value in parse_form(content_type, body, target_for=target_for).items():
        if isinstance(value, StreamedPart) and isinstance(value.target, HashedFile):
            found.append((name, value.target.digest or ""))
    return found


if __name__ == "__main__":
    form = MultipartBody()
    for argument in sys.argv[2:]:
        form.add_file("file", Path(argument).read_bytes(), filename=Path(argument).name)
    with tempfile.TemporaryFile() as sent:
        sent.writelines(form)
        sent.seek(0)
        print(receive(form.content_type, sent, Path(sys.argv[1])))
