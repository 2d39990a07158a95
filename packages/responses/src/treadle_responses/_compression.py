"""Decide if and how a body is compressed: pure functions, called before the head is sent.

A response calls ``choose_coding`` with the facts about its body and client, and writes the choice
into its fields with ``declare_coding``. ``_compressors`` does the compression.
"""

import enum
from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from typing import Final, final

from ._accept import acceptable_codings
from ._compressors import available_codings
from ._etag import ETag, format_etag, parse_etag
from ._misuse import WrongTypeError

__all__ = [
    "CompressionOptions",
    "ContentCoding",
    "add_vary",
    "choose_coding",
    "compression_options",
    "declare_coding",
    "depends_on_client",
    "is_compressed_type",
    "weaken_etag",
]

#: Smaller bodies are not compressed: with its fields such a response is one packet either way, and
#: the coding's own framing would use up most of the saving.
MIN_SIZE: Final = 512

# Media types with compressed content; compressing it again costs time and saves nothing.
_COMPRESSED_TYPES: Final = frozenset({
    "application/epub+zip", "application/gzip", "application/java-archive", "application/pdf",
    "application/vnd.android.package-archive", "application/vnd.rar", "application/x-7z-compressed",
    "application/x-bzip2", "application/x-compress", "application/x-rar-compressed",
    "application/x-xz", "application/zip", "application/zstd", "font/woff", "font/woff2",
})  # fmt: skip
_COMPRESSED_PREFIXES: Final = ("audio/", "image/", "video/", "application/vnd.openxmlformats")
# Images and sounds that are not compressed.
_PLAIN_TYPES: Final = frozenset({
    "audio/wav", "audio/x-wav", "image/bmp", "image/svg+xml", "image/tiff",
    "image/vnd.microsoft.icon", "image/x-icon",
})  # fmt: skip


class ContentCoding(enum.Enum):
    """A content coding (RFC 9110 section 8.4.1), for ``StreamResponse.enable_compression``."""

    zstd = "zstd"
    br = "br"
    gzip = "gzip"
    deflate = "deflate"
    identity = "identity"


@final
@dataclass(frozen=True, slots=True)
class CompressionOptions:
    """The arguments of ``enable_compression``."""

    force: ContentCoding | None
    strategy: int | None


def compression_options(force: ContentCoding | None, strategy: int | None) -> CompressionOptions:
    """Return the options; raises ``TypeError`` or ``ValueError`` for an unusable ``force``."""
    if force is not None:
        if not isinstance(force, ContentCoding):
            raise WrongTypeError(f"force is a ContentCoding or None, not {force!r}")
        if force is not ContentCoding.identity and force.value not in available_codings():
            raise ValueError(
                f"Cannot force {force.value!r}: this process has {', '.join(available_codings())}"
            )
    return CompressionOptions(force, strategy)


def is_compressed_type(media_type: str) -> bool:
    """Return True if the format of ``media_type`` (lower-case, no parameters) is compressed."""
    if media_type in _COMPRESSED_TYPES:
        return True
    return media_type.startswith(_COMPRESSED_PREFIXES) and media_type not in _PLAIN_TYPES


def choose_coding(
    options: CompressionOptions, accept_encoding: str | None, media_type: str, size: int | None
) -> str | None:
    """Return the coding for a body, None to send it unencoded; ``size`` is None if unknown.

    A forced coding is used for every client and body.
    """
    if options.force is not None:
        return None if options.force is ContentCoding.identity else options.force.value
    if not depends_on_client(options, media_type, size):
        return None
    codings = acceptable_codings(accept_encoding, available_codings())
    return codings[0] if codings else None


def depends_on_client(options: CompressionOptions, media_type: str, size: int | None) -> bool:
    """Return True if another Accept-Encoding could change the choice, so that Vary must name it."""
    if options.force is not None or is_compressed_type(media_type):
        return False
    return size is None or size >= MIN_SIZE


def declare_coding(headers: MutableMapping[str, str], coding: str) -> None:
    """Declare in ``headers`` that the body is encoded.

    A strong entity tag becomes weak: the encoded bytes are another representation (RFC 9110
    section 8.8.1), and they differ between versions of a compressor.
    """
    headers["Content-Encoding"] = coding
    headers.pop("Content-Length", None)
    weaken_etag(headers)


def weaken_etag(headers: MutableMapping[str, str]) -> None:
    """Make a strong ETag weak."""
    tag = parse_etag(headers.get("ETag"))
    if tag is not None and not tag.is_weak and tag != ETag("*"):
        headers["ETag"] = format_etag(replace(tag, is_weak=True))


def add_vary(headers: MutableMapping[str, str], name: str) -> None:
    """Add a field name to Vary, unless it is there or Vary is ``*``."""
    current = headers.get("Vary", "")
    listed = {item.strip().lower() for item in current.split(",")}
    if name.lower() not in listed and "*" not in listed:
        headers["Vary"] = f"{current}, {name}" if current.strip() else name
