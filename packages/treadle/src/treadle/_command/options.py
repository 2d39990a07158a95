"""The options of the server as arguments of a command line, one row for each.

``add_server_arguments`` of the server has those that say where and how to serve; here are the
limits and deadlines of ``ServerConfig``, ``Limits`` and ``run_app``. Their checks are those of
``ServerConfig``, so that there is one place that knows what is allowed.
"""

import argparse
from collections.abc import Callable
from typing import Any, Final, NamedTuple, final

from treadle_server import AccessLogger
from treadle_server.interfaces import read_seconds

__all__ = ["OPTIONS", "Option", "add_tuning", "given_tuning"]


@final
class Option(NamedTuple):
    """A keyword of ``run_app``: its name, its kind and its help."""

    name: str
    kind: Callable[[str], object] | None
    help: str

    @property
    def flag(self) -> str:
        """The name on the command line."""
        return "--" + self.name.replace("_", "-")


def _number(text: str) -> int:
    """Read a count; ``10k`` and ``2M`` are counts too."""
    units = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
    unit = units.get(text[-1:].lower(), 1)
    digits = text if unit == 1 else text[:-1]
    if digits.isascii() and digits.isdecimal():
        return int(digits) * unit
    raise argparse.ArgumentTypeError(f"{text!r} is no number: give digits, or 64k, 1M, 1G")


def _field_value(text: str) -> str | None:
    return text or None


#: None as the kind is a flag that is off by default; ``--no-`` before the name switches one off.
OPTIONS: Final = (
    Option("shutdown_timeout", read_seconds, "seconds that handlers have to end after a signal"),
    Option("keepalive_timeout", read_seconds, "seconds after which an idle connection is closed"),
    Option("keepalive_time", read_seconds, "age in seconds after which a connection is closed"),
    Option("keepalive_requests", _number, "requests after which a connection is closed"),
    Option("max_connections", _number, "connections at once; the others get a 503"),
    Option("max_concurrent_requests", _number, "handlers at once; the other requests get a 503"),
    Option("head_timeout", read_seconds, "seconds that a client has to send a head"),
    Option("body_timeout", read_seconds, "seconds in which a client must send some of a body"),
    Option("write_timeout", read_seconds, "seconds in which a client must read some of an answer"),
    Option("lingering_time", read_seconds, "seconds for which an unread body is dropped"),
    Option("lingering_timeout", read_seconds, "the same without a byte"),
    Option("read_bufsize", _number, "bytes of a body that may wait for the handler"),
    Option("max_expansion", _number, "what a compressed body may inflate to, in times its size"),
    Option("slow_request_time", read_seconds, "log the stack of a handler that takes longer"),
    Option("max_request_line", _number, "bytes of the longest request line"),
    Option("max_field_line", _number, "bytes of the longest field of a head"),
    Option("max_head", _number, "bytes of the longest head"),
    Option("max_fields", _number, "fields of a head"),
    Option("max_chunk_extension", _number, "bytes of the extensions of a chunk"),
    Option("max_chunk_extensions_total", _number, "the same for all chunks of a body"),
    Option("server_header", _field_value, "the value of the field Server; '' sends none"),
    Option("handler_cancellation", None, "cancel a handler when its client leaves"),
    Option("no_auto_decompress", None, "leave compressed bodies as they are"),
    Option("no_tcp_keepalive", None, "do not have the kernel probe idle connections"),
    Option("backlog", _number, "connections that may wait to be accepted"),
    Option("reuse_address", None, "bind although old connections of the port still end"),
    Option("reuse_port", None, "bind although other processes listen on the port"),
    Option("max_requests", _number, "requests after which a worker is replaced"),
    Option("max_lifetime", read_seconds, "seconds after which a worker is replaced"),
    Option("max_rss", _number, "bytes of memory from which a worker is replaced"),
    Option("limit_jitter", read_seconds, "the part by which those three limits vary, 0 to 1"),
    Option("start_timeout", read_seconds, "seconds that a worker has to start"),
    Option("heartbeat_timeout", read_seconds, "seconds after which a silent worker is replaced"),
)


def add_tuning(parser: argparse.ArgumentParser) -> None:
    """Add ``OPTIONS`` to ``parser``, in a group of their own."""
    group = parser.add_argument_group(
        "limits and deadlines", "Without one of these the server's own default holds."
    )
    for option in OPTIONS:
        if option.kind is None:
            group.add_argument(
                option.flag, dest=option.name, action="store_true", default=None, help=option.help
            )
        else:
            metavar = {"read_seconds": "SECONDS", "_number": "N", "_field_value": "TEXT"}
            group.add_argument(
                option.flag, dest=option.name, type=option.kind, default=argparse.SUPPRESS,
                metavar=metavar[option.kind.__name__], help=option.help,
            )  # fmt: skip
    group.add_argument(
        "--access-log-format", default=argparse.SUPPRESS, metavar="FORMAT",
        help="the lines of the access log, in Apache's atoms (default: short ones; "
        f"{AccessLogger.LOG_FORMAT!r} are the usual ones)".replace("%", "%%"),
    )  # fmt: skip


def given_tuning(options: argparse.Namespace) -> dict[str, Any]:
    """Return the keywords of ``run_app`` for the options that were given."""
    given: dict[str, Any] = {}
    for option in OPTIONS:
        if option.kind is None:
            if getattr(options, option.name):
                positive = option.name.removeprefix("no_")
                given[positive] = positive == option.name
        elif hasattr(options, option.name):
            given[option.name] = getattr(options, option.name)
    return given
