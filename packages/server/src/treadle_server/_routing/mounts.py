"""``MountResource``: a prefix below which another application answers, with any method.

The resource splits the path of a request into the prefix as the client wrote it and the rest. What
answers then is a function of the package that knows the other kind of application.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, Unpack, final

from yarl import URL

from treadle_responses import StreamResponse
from treadle_router import CONVERTERS, Converter, decode_safe, decode_value
from treadle_server._core.misuse import WrongValueError

from .handlers import AnyMiddleware
from .interfaces import RouteInfo
from .options import PathValue, RouteOptions
from .resources import PrefixResource

__all__ = ["MountAnswer", "MountResource", "MountedPath"]

#: The variable with the rest of the path.
_REST: Final = "path"


@final
class MountedPath(NamedTuple):
    """The path of a request to a mounted application, percent-encoded as the client sent it.

    ``prefix`` has no slash at its end; ``rest`` is empty, or begins with one. ``match_info`` has
    the variables of the prefix, decoded.
    """

    prefix: str
    rest: str
    match_info: Mapping[str, str]


#: Answers a request for the application.
MountAnswer = Callable[[Any, MountedPath], Awaitable[StreamResponse]]


class MountResource(PrefixResource):
    """A prefix, which may have variables, and everything below it; ``app`` answers there.

    ``answer`` calls it. ``options`` are those of a route. Raises ``ValueError`` for a bad prefix.
    """

    def __init__(
        self,
        prefix: str,
        app: object,
        answer: MountAnswer,
        *,
        name: str | None = None,
        converters: Mapping[str, Converter[object]] = CONVERTERS,
        **options: Unpack[RouteOptions[AnyMiddleware]],
    ) -> None:
        if not isinstance(prefix, str):
            raise TypeError(f"A prefix is a str such as '/api', not {prefix!r}")
        if not prefix.startswith("/"):
            raise WrongValueError(f"A prefix starts with `/`: '/{prefix}', not {prefix!r}")
        super().__init__(prefix.rstrip("/"), name=name, tail=_REST, converters=converters)
        self._app: Final = app
        self._answer: Final = answer
        self.add_route("*", self._handle, **options)

    @property
    def app(self) -> object:
        """The mounted application."""
        return self._app

    def get_info(self) -> RouteInfo:
        """Return the ``app`` and its ``prefix``."""
        return {"app": self._app, "prefix": self.canonical}

    def url_for(self, **parts: PathValue) -> URL:
        """Return the URL of the prefix; ``path`` is the path below it, without its first slash.

        Raises like the method of every resource for the variables of the prefix.
        """
        if _REST in parts:
            return super().url_for(**parts)
        url = super().url_for(**parts, **{_REST: ""})
        return URL(url.raw_path.removesuffix("/") or "/", encoded=True)

    async def _handle(self, request: Any) -> StreamResponse:
        info = dict(request.match_info)
        rest = info.pop(_REST)
        prefix, below = split_path(request.raw_path.partition("?")[0], rest)
        return await self._answer(request, MountedPath(prefix, below, info))

    def __repr__(self) -> str:
        name = "" if self._name is None else f"'{self._name}' "
        return f"<{type(self).__name__} {name}{self.canonical} -> {self._app!r}>"


def split_path(path: str, rest: str) -> tuple[str, str]:
    """Return ``path`` in two parts: up to, and from the slash behind which it is decoded ``rest``.

    A path without such a slash is the bare prefix.
    """
    end = len(path)
    size = -1
    while size < len(rest):
        slash = path.rfind("/", 0, end)
        if slash < 0:
            break
        # The text between two slashes is decoded by itself: an encoded slash splits nothing.
        size += 1 + len(decode_value(decode_safe(path[slash + 1 : end])))
        if size == len(rest):
            return path[:slash], path[slash:]
        end = slash
    return path, ""
