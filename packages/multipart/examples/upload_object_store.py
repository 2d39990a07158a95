"""Stream uploads into an object store with a multipart upload API, as S3 and its relatives have.

Such an API has four calls: create an upload, send its parts, of at least 5 MiB each but for the
last, complete the upload or abort it. One that is neither stays in the store, and is paid for.
"""

from typing import Protocol

from treadle_multipart import Form, PartBegin, Readable, Target, parse_form

PART_SIZE = 5 * 1024 * 1024


class Store(Protocol):
    """The calls of the store; ``put_part`` returns the tag that ``complete`` needs."""

    def create(self, key: str) -> str: ...
    def put_part(self, key: str, upload: str, number: int, data: bytes) -> str: ...
    def complete(self, key: str, upload: str, tags: list[str]) -> None: ...
    def abort(self, key: str, upload: str) -> None: ...


class ObjectTarget:
    """One object of the store; memory is one part."""

    def __init__(self, store: Store, key: str) -> None:
        self._store, self.key, self._upload = store, key, store.create(key)
        self._tags: list[str] = []
        self._buffer = bytearray()

    def write(self, data: bytes, /) -> None:
        self._buffer += data
        while len(self._buffer) >= PART_SIZE:
            self._put(bytes(self._buffer[:PART_SIZE]))
            del self._buffer[:PART_SIZE]

    def close(self) -> None:
        try:
            if self._buffer or not self._tags:  # an empty object has one empty part
                self._put(bytes(self._buffer))
            self._store.complete(self.key, self._upload, self._tags)
        except BaseException:
            self.abort()  # the parser does not abort a target that it has closed
            raise

    def abort(self) -> None:
        self._store.abort(self.key, self._upload)

    def _put(self, data: bytes) -> None:
        number = len(self._tags) + 1
        self._tags.append(self._store.put_part(self.key, self._upload, number, data))


def receive(store: Store, prefix: str, content_type: str, body: Readable) -> Form:
    """Read a form whose files become objects: all of them, or none."""

    def target_for(part: PartBegin) -> Target | None:
        return ObjectTarget(store, f"{prefix}/{part.name}") if part.filename else None

    return parse_form(content_type, body, target_for=target_for)
