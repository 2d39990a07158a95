"""Call what waits for the end of a WebSocket, whatever one of the callbacks raises."""

from collections.abc import Callable, Iterable

from treadle_server._core.errors import web_logger

__all__ = ["run_callbacks"]


def run_callbacks(callbacks: Iterable[Callable[[], None]]) -> None:
    """Call each of ``callbacks``; log what one raises, because the transport cannot."""
    for callback in callbacks:
        try:
            callback()
        except Exception:  # noqa: BLE001  # the transport has more to do
            web_logger.exception("A callback for the end of a WebSocket has failed: %r", callback)
