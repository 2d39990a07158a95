"""Open the files of the log again, after another program has moved them away."""

import logging
from collections.abc import Iterator
from logging.handlers import WatchedFileHandler
from pathlib import Path

from treadle_server._core.errors import workers_logger
from treadle_server._core.logs import log_error, log_event

__all__ = ["reopen_logs"]


def reopen_logs() -> None:
    """Open each file again that a handler of a logger writes into.

    Call it where no log line is being written: in a callback of an event loop, not in the handler
    of a signal. A file that cannot be opened is told in the log, and its old one is kept.
    """
    for handler in set(_handlers()):
        handler.acquire()
        try:
            if isinstance(handler, WatchedFileHandler):
                handler.reopenIfNeeded()
            elif isinstance(handler, logging.FileHandler):
                _reopen(handler)
        except OSError as error:
            log_error(workers_logger, "A file of the log could not be opened again", error=error)
        finally:
            handler.release()
    log_event(workers_logger, logging.INFO, "The files of the log are open again")


def _handlers() -> Iterator[logging.Handler]:
    yield from logging.root.handlers
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            yield from logger.handlers


def _reopen(handler: logging.FileHandler) -> None:
    old = handler.stream
    # Before its first line, a handler may have no file; it opens the one that is there then.
    if old is not None:
        handler.flush()
        # Not in the handler's mode: ``w`` would empty a file that nobody has moved.
        handler.stream = Path(handler.baseFilename).open(  # noqa: SIM115  # the handler closes it
            "a", encoding=handler.encoding, errors=handler.errors
        )
        old.close()
