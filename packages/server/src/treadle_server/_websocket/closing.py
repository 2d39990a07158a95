"""Call what waits for the end of a WebSocket, whatever one of the callbacks raises."""

from collections.abc import Callable, Iterable

from treadle_server._core.errors import web_logger
from treadle_server._core.logs import log_error

__all__ = ["run_callbacks"]


def run_callbacks(callbacks: Iterable[Callable[[], None]]) -> None:
    """Call each of ``callbacks``; log what one raises, because the transport cannot."""
    for callback in callbacks:
        try:
            callback()
        except Exception as error:  # noqa: BLE001  # the transport has more to do
            log_error(
                web_logger, "A callback for the end of a WebSocket has failed: %s",
                repr(callback), error=error,
            )  # fmt: skip
