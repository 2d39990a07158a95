"""The names of ``aiohttp.payload``."""

from treadle_responses import (
    PAYLOAD_REGISTRY,
    TOO_LARGE_BYTES_BODY,
    AsyncIterablePayload,
    BufferedReaderPayload,
    BytesIOPayload,
    BytesPayload,
    IOBasePayload,
    JsonBytesPayload,
    JsonPayload,
    Order,
    Payload,
    PayloadLookupError,
    PayloadRegistry,
    StringIOPayload,
    StringPayload,
    TextIOPayload,
    get_payload,
    payload_type,
    register_payload,
)
from treadle_server import StreamReaderPayload

from .helpers import DEFAULT_CHUNK_SIZE

__all__ = [
    "DEFAULT_CHUNK_SIZE",
    "PAYLOAD_REGISTRY",
    "TOO_LARGE_BYTES_BODY",
    "AsyncIterablePayload",
    "BufferedReaderPayload",
    "BytesIOPayload",
    "BytesPayload",
    "IOBasePayload",
    "JsonBytesPayload",
    "JsonPayload",
    "LookupError",
    "Order",
    "Payload",
    "PayloadRegistry",
    "StreamReaderPayload",
    "StringIOPayload",
    "StringPayload",
    "TextIOPayload",
    "get_payload",
    "payload_type",
    "register_payload",
]

#: aiohttp's name of ``PayloadLookupError``; it hides the builtin one only in this module.
LookupError = PayloadLookupError  # noqa: A001
