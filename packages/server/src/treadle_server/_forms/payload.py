"""A received part as a body to send: the payload that ``treadle_responses`` finds for it."""

import contextlib
from collections.abc import Mapping
from typing import Protocol

from multidict import CIMultiDict

from treadle_responses import Payload, payload_type

from .part import BodyPartReader

__all__ = ["BodyPartReaderPayload", "Sink"]


class Sink(Protocol):
    """What payloads are written to."""

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take a piece."""


@payload_type(BodyPartReader)
class BodyPartReaderPayload(Payload):
    """A part that was received, to be sent on: decoded, with its type and its names."""

    _value: BodyPartReader
    _autoclose = False

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
        if "Content-Disposition" not in fields:
            names = {"name": value.name, "filename": self.filename}
            params = {key: text for key, text in names.items() if text is not None}
            if params:
                self.set_content_disposition("attachment", **params)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002
        """Raise ``TypeError``: the text is not there yet."""
        raise TypeError("The part is a stream: it has no text before it is read")

    async def write(self, writer: Sink) -> None:
        """Write the part. Raises ``RuntimeError`` the second time."""
        if self._consumed:
            raise RuntimeError("The part was written before, and a stream is read once")
        self._consumed = True
        async with contextlib.aclosing(self._value.iter_decoded()) as pieces:
            async for piece in pieces:
                await writer.write(piece)
