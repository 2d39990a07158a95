"""The access log: one line for each answer, in a format of Apache's atoms.

``AccessLogger`` writes it unless the application brings a class of its own. Whatever a logger does,
it changes no answer.
"""

import abc
import functools
import logging
import os
import re
import time as clock
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, NamedTuple, cast

from treadle_responses import StreamResponse
from treadle_server._core.access_json import MONTHS
from treadle_server._core.config import ACCESS_LOG_FORMAT, ServerConfig
from treadle_server._core.logs import log_access
from treadle_server._core.request_ids import CURRENT_REQUEST_ID

from .head import RequestHead
from .log_line import Key, LineLayout
from .request import BaseRequest

__all__ = [
    "AbstractAccessLogger",
    "AbstractAsyncAccessLogger",
    "AccessLogClass",
    "AccessLogger",
    "KeyMethod",
    "check_access_log_class",
    "make_access_logger",
    "reads_fields",
]


class AbstractAccessLogger(abc.ABC):
    """A writer of access log lines; ``access_log_class=`` takes a subclass.

    One object serves all connections of a server. ``log`` runs in the context of the handler, so
    that it sees its context variables, behind the last byte of the response.
    """

    __slots__ = ("log_format", "logger")

    def __init__(self, logger: logging.Logger, log_format: str) -> None:
        self.logger: logging.Logger = logger
        self.log_format: str = log_format

    @abc.abstractmethod
    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """Log an answer that took ``time`` seconds."""

    @property
    def enabled(self) -> bool:
        """True if there is something to log; read when a connection is made."""
        return True


class AbstractAsyncAccessLogger(abc.ABC):
    """A writer of access log lines that may wait, for a database for example.

    It is made without arguments. The connection takes its next request when ``log`` has returned.
    """

    __slots__ = ()

    @abc.abstractmethod
    async def log(
        self, request: BaseRequest, response: StreamResponse, request_start: float
    ) -> None:
        """Log an answer to a request that came at ``request_start`` by the clock of the loop."""

    @property
    def enabled(self) -> bool:
        """True if there is something to log; read when a connection is made."""
        return True


class KeyMethod(NamedTuple):
    """An atom: its name in ``extra``, for a field with that of the field, and its text."""

    key: Key
    method: Callable[[Any, Any, Any], object]


@functools.lru_cache(maxsize=8)
def _local_time(second: int) -> str:
    """Return a second as Apache writes it, in local time, in the words of no locale."""
    at = clock.localtime(second)
    minutes = at.tm_gmtoff // 60
    sign = "-" if minutes < 0 else "+"
    hours, minutes = divmod(abs(minutes), 60)
    return (
        f"[{at.tm_mday:02}/{MONTHS[at.tm_mon - 1]}/{at.tm_year:04}:{at.tm_hour:02}:{at.tm_min:02}"
        f":{at.tm_sec:02} {sign}{hours:02}{minutes:02}]"
    )


class AccessLogger(AbstractAccessLogger):
    """Writes one line of ``log_format`` for each answer, at the level INFO.

    The atoms of a format:

    - ``%%`` a percent sign
    - ``%a`` the client's address, ``%P`` the process ID
    - ``%t`` the time at which the request came, in local time
    - ``%r`` the request line, ``%s`` the status, ``%b`` the bytes of the response
    - ``%T``, ``%Tf``, ``%D`` the time it took: in seconds, with a fraction, in microseconds
    - ``%L`` the ID of the request (``request_id_middleware``), or ``-``
    - ``%{Name}i``, ``%{Name}o`` a field of the request, of the response
    - ``%{NAME}e`` an environment variable

    An atom may begin with the second sign of ``%%``: ``%%s`` is a percent sign and the status.
    Other text stays as it is. The values are also in ``extra`` of the record, quotes as they are,
    under the names of ``LOG_FORMAT_MAP``: for formatters such as ``JSONAccessFormatter``. A
    subclass may replace ``log``, ``compile_format``, ``_format_line`` and each ``_format_`` method.
    """

    LOG_FORMAT_MAP: ClassVar[Mapping[str, str]] = {
        "a": "remote_address",
        "t": "request_start_time",
        "P": "process_id",
        "r": "first_request_line",
        "s": "response_status",
        "b": "response_size",
        "T": "request_time",
        "Tf": "request_time_frac",
        "D": "request_time_micro",
        "L": "request_id",
        "i": "request_header",
        "o": "response_header",
        "e": "environment",
    }
    LOG_FORMAT = ACCESS_LOG_FORMAT
    FORMAT_RE: ClassVar[re.Pattern[str]] = re.compile(
        r"%(\{([A-Za-z0-9\-_]+)\}([ioe])|[atPrsbODL]|Tf?)"
    )
    #: The percent signs between atoms.
    CLEANUP_RE: ClassVar[re.Pattern[str]] = re.compile("%%?")

    def __init__(self, logger: logging.Logger, log_format: str = LOG_FORMAT) -> None:
        super().__init__(logger, log_format=log_format)
        self._log_format, self._methods = self.compile_format(log_format)
        self._layout = LineLayout(self._log_format, [key for key, _ in self._methods])
        # None if a subclass composes the values itself.
        composes = "_format_line" in self._replaced()
        self._calls = None if composes else [call for _, call in self._methods]

    @classmethod
    def _replaced(cls) -> set[str]:
        """Return the names that subclasses have defined anew."""
        mro = cls.__mro__
        return {name for base in mro[: mro.index(AccessLogger)] for name in vars(base)}

    def compile_format(self, log_format: str) -> tuple[str, list[KeyMethod]]:
        """Return a template with ``%s`` for each atom, and the atoms.

        Raises ``ValueError`` for ``%O``, which has no value here.
        """
        template, end = "", 0
        methods: list[KeyMethod] = []
        for atom in self.FORMAT_RE.finditer(log_format):
            name, field, kind = atom.groups()
            key = self.LOG_FORMAT_MAP.get(kind or name)
            if key is None:
                raise ValueError(
                    f"The access log format has {atom[0]} at {atom.start()}, which has no value; "
                    "%b are the bytes of the response"
                )
            method = getattr(self, f"_format_{kind or name}")
            if field is None:
                methods.append(KeyMethod(key, method))
            else:
                methods.append(KeyMethod((key, field), functools.partial(method, field)))
            template += self.CLEANUP_RE.sub("%%", log_format[end : atom.start()]) + "%s"
            end = atom.end()
        return template + self.CLEANUP_RE.sub("%%", log_format[end:]), methods

    # The atoms: each method gets the arguments of ``log``, where the request may be None.

    @staticmethod
    def _format_i(
        key: str, request: BaseRequest | None, response: StreamResponse, time: float
    ) -> str:
        if request is None:
            return "(no headers)"
        if isinstance(request, RequestHead):
            return request.first_field(key, "-")
        return request.headers.get(key, "-")

    @staticmethod
    def _format_o(
        key: str, request: BaseRequest | None, response: StreamResponse, time: float
    ) -> str:
        return response.headers.get(key, "-")

    @staticmethod
    def _format_e(
        key: str, request: BaseRequest | None, response: StreamResponse, time: float
    ) -> str:
        return os.environ.get(key, "-")

    @staticmethod
    def _format_a(request: BaseRequest | None, response: StreamResponse, time: float) -> str:
        remote = None if request is None else request.remote
        return "-" if remote is None else remote

    @staticmethod
    def _format_t(request: BaseRequest | None, response: StreamResponse, time: float) -> str:
        return _local_time(int(clock.time() - time))

    @staticmethod
    def _format_P(request: BaseRequest | None, response: StreamResponse, time: float) -> str:
        return f"<{os.getpid()}>"

    @staticmethod
    def _format_r(request: BaseRequest | None, response: StreamResponse, time: float) -> str:
        if request is None:
            return "-"
        target: object = request.raw_path
        if type(target) is not str or not target.startswith("/"):
            # Of a request that was made by hand, or in absolute-form.
            target = request.path_qs
        version = request.version
        return f"{request.method} {target} HTTP/{version.major}.{version.minor}"

    @staticmethod
    def _format_s(request: BaseRequest | None, response: StreamResponse, time: float) -> int:
        return response.status

    @staticmethod
    def _format_b(request: BaseRequest | None, response: StreamResponse, time: float) -> int:
        return response.body_length

    @staticmethod
    def _format_T(request: BaseRequest | None, response: StreamResponse, time: float) -> str:
        return str(round(time))

    @staticmethod
    def _format_Tf(request: BaseRequest | None, response: StreamResponse, time: float) -> str:
        return f"{time:.6f}"

    @staticmethod
    def _format_D(request: BaseRequest | None, response: StreamResponse, time: float) -> str:
        return str(round(time * 1_000_000))

    @staticmethod
    def _format_L(request: BaseRequest | None, response: StreamResponse, time: float) -> str:
        return CURRENT_REQUEST_ID.get()

    # The line.

    def _format_line(
        self, request: BaseRequest, response: StreamResponse, time: float
    ) -> Iterable[tuple[Key, object]]:
        """Return the key and the value of each atom."""
        return [(key, method(request, response, time)) for key, method in self._methods]

    @property
    def enabled(self) -> bool:
        """True if the logger logs lines of the level INFO."""
        return self.logger.isEnabledFor(logging.INFO)

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """Log an answer that took ``time`` seconds; raises nothing."""
        log_access(self.logger, self._compose, request, response, time)

    def _compose(
        self, request: BaseRequest, response: StreamResponse, time: float
    ) -> tuple[str, dict[str, object]]:
        """Return the line, and its values by name."""
        if self._calls is None:
            pairs = list(self._format_line(request, response, time))
            layout = LineLayout(self._log_format, [key for key, _ in pairs])
            return layout.compose([value for _, value in pairs])
        return self._layout.compose([call(request, response, time) for call in self._calls])


#: The classes that ``access_log_class`` takes.
AccessLogClass = type[AbstractAccessLogger] | type[AbstractAsyncAccessLogger]


def check_access_log_class(cls: object) -> None:
    """Raise ``TypeError`` unless ``cls`` is a class of access loggers."""
    if not isinstance(cls, type) or not issubclass(
        cls, (AbstractAccessLogger, AbstractAsyncAccessLogger)
    ):
        raise TypeError(
            "access_log_class must be subclass of AbstractAccessLogger or of "
            f"AbstractAsyncAccessLogger, got {cls!r}"
        )


def make_access_logger(
    config: ServerConfig,
) -> AbstractAccessLogger | AbstractAsyncAccessLogger | None:
    """Return the access logger of a server, None if it has none."""
    logger = config.access_log
    if logger is None:
        return None
    make: Callable[..., object] = config.access_log_class or AccessLogger
    is_async = isinstance(make, type) and issubclass(make, AbstractAsyncAccessLogger)
    made = make() if is_async else make(logger, config.access_log_format)
    return cast("AbstractAccessLogger | AbstractAsyncAccessLogger", made)


def reads_fields(logger: AbstractAccessLogger | AbstractAsyncAccessLogger) -> bool:
    """Return True if the logger may read the fields of a response, which must be complete then."""
    if isinstance(logger, AccessLogger) and type(logger).log is AccessLogger.log:
        return "}o" in logger.log_format
    return True
