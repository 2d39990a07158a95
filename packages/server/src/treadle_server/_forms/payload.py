"""The payload of a received part, so that a handler can send the part on as a body."""

import contextlib
from collections.abc import Mapping
from typing import Protocol

from multidict import CIMultiDict

from treadle_responses import Payload, payload_type

from .part import BodyPartReader

__all__ = ["BodyPartReaderPayload", "Sink"]


class Sink(Protocol):
    """The writer that payloads are written to."""

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write a piece."""


@payload_type(BodyPartReader)
class BodyPartReaderPayload(Payload):
    """A received part, sent decoded, with its media type, name and file name."""

    def __init__(
        self,
        value: BodyPartReader,
        headers: Mapping[str, str] | None = None,
        content_type: str | None = None,
        filename: str | None = None,
        encoding: str | None = None,
    ) -> None:
        fields = CIMultiDict(headers or {})
        content_type = content_type or value.headers.get("Content-Type")
        super().__init__(value, fields, content_type, filename or value.filename, encoding)
        self._part = value
        self._written = False
        if "Content-Disposition" not in fields:
            names = {"name": value.name, "filename": self.filename}
            params = {key: text for key, text in names.items() if text is not None}
            if params:
                self.set_content_disposition("attachment", True, "utf-8", **params)

    @property
    def consumed(self) -> bool:
        """True if the part was written: its stream can be read only once."""
        return self._written

    @property
    def autoclose(self) -> bool:
        """False: the part is a stream."""
        return False

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002
        """Raise ``TypeError``: the part is not read yet."""
        raise TypeError("Unable to decode. The part is a stream: use write() to send it")

    async def write(self, writer: Sink) -> None:
        """Write the part. Raises ``RuntimeError`` when called a second time."""
        if self._written:
            raise RuntimeError("The part was written before, and its stream can be read only once")
        self._written = True
        async with contextlib.aclosing(self._part.iter_decoded()) as pieces:
            async for piece in pieces:
                await writer.write(piece)
