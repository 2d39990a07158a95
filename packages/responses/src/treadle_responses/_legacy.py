"""The names of aiohttp's ``StreamResponse`` that are older than this package.

``drain`` and ``output_length`` are deprecated in aiohttp, and warn here as they do there.
"""

import warnings
from typing import Any, cast

from ._misuse import WrongMomentError

__all__ = ["LegacyResponse"]


class LegacyResponse:
    """A mixin for ``StreamResponse``."""

    # aiohttp-sse reads both. None before the head is sent and behind the end.
    _req: Any = None
    _payload_writer: Any = None
    _body_length: int

    @property
    def output_length(self) -> int:
        """The number of bytes that were written; deprecated, use ``body_length``."""
        warnings.warn(
            "output_length is deprecated: use body_length", DeprecationWarning, stacklevel=2
        )
        if self._payload_writer is None:
            raise WrongMomentError("output_length is known while the response is sent")
        return cast("int", getattr(self._payload_writer, "buffer_size", self._body_length))

    async def drain(self) -> None:
        """Wait until the peer has read enough; deprecated, ``write`` waits by itself."""
        if self._payload_writer is None:
            raise WrongMomentError(
                "Response has not been started, or its EOF has already been sent: drain() works "
                "between prepare() and write_eof()"
            )
        warnings.warn(
            "drain method is deprecated, use await resp.write()",
            DeprecationWarning,
            stacklevel=2,
        )
        drain = getattr(self._payload_writer, "drain", None)
        if drain is not None:
            await drain()
