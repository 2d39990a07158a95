"""``StaticResource``: the files of a directory below a URL prefix.

A request costs one hop to a thread, which resolves the path, opens the file, plans the response and
reads small files (see ``_files.response``). ``_files.paths`` decides which paths may be looked up.
"""

import enum
import functools
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple, Unpack, final

from yarl import URL

from treadle_responses import (
    HTTPForbidden,
    HTTPMovedPermanently,
    HTTPNotFound,
    Response,
    StreamResponse,
    UnknownKeyError,
)
from treadle_router import CONVERTERS, Converter
from treadle_server._core.keywords import check_keywords
from treadle_server._http.request import BaseRequest
from treadle_server._routing.handlers import AnyHandler
from treadle_server._routing.interfaces import RouteInfo
from treadle_server._routing.options import PathValue, StaticOptions
from treadle_server._routing.resources import PrefixResource, ResourceRoute
from treadle_server._transport.files import NotAFileError, OpenFile, is_missing, open_file

from .listing import listing_page
from .paths import contained, safe_segments
from .prepare import FileRequest, PreparedFile, file_request, prepare_file
from .response import CHUNK_SIZE, FileResponse

__all__ = ["StaticResource"]


class _Outcome(enum.Enum):
    """The result of a look-up that sends neither a file nor a listing."""

    NOT_FOUND = 404
    FORBIDDEN = 403
    # A directory whose URL lacks its slash: relative links on its page would be wrong.
    ADD_SLASH = 301


@final
class _Listing(NamedTuple):
    """The page that lists a directory."""

    page: str


_Found = PreparedFile | _Listing | _Outcome


class StaticResource(PrefixResource):
    """The files below ``directory``, under the URL path ``prefix``; answers GET and HEAD.

    ``chunk_size`` is the number of bytes that are read from a file at a time, by default 256 KiB.
    ``show_index`` lists directories instead of refusing them with 403. Symbolic links are followed
    inside the directory; with ``follow_symlinks`` (also called ``break_symlink_sandbox``) they may
    lead anywhere. With ``append_version`` URLs get a hash of the file, so that clients may cache it
    without limit. ``expect_handler`` answers an ``Expect`` field.

    aiohttp does not have the following options. ``index`` is the name of the file that is sent for
    a directory (``"index.html"``). ``fallback`` is the path of a file that is sent if there is no
    file and the last part of the URL has no extension, as single-page applications need it.
    ``cache_control`` and ``immutable`` set the field ``Cache-Control`` of every file.
    ``precompressed`` and ``threads``, by default True, are those of ``FileResponse``: siblings with
    ``.zst``, ``.br`` and ``.gz``, and opening files in threads.

    A path with a dot segment, an empty segment, a backslash, NUL, an encoded slash, or a drive
    letter is 404 without a look at the disk. ``prefix`` is parsed with ``converters``. Raises
    ``ValueError`` for a bad prefix and if there is no such directory, and ``TypeError`` for an
    unknown option.
    """

    #: The name of the query parameter with the version.
    VERSION_KEY: ClassVar[str] = "v"

    def __init__(
        self,
        prefix: str,
        directory: str | os.PathLike[str],
        *,
        converters: Mapping[str, Converter[object]] = CONVERTERS,
        **options: Unpack[StaticOptions],
    ) -> None:
        check_keywords(options, StaticOptions.__optional_keys__, f"{type(self).__name__}()")
        super().__init__(prefix, name=options.get("name"), tail="filename", converters=converters)
        index, fallback = options.get("index"), options.get("fallback")
        try:
            self._directory: Final = Path(directory).expanduser().resolve(strict=True)
        except OSError as error:
            raise ValueError(f"'{os.fspath(directory)}' does not exist") from error
        if not self._directory.is_dir():
            raise ValueError(f"'{self._directory}' is not a directory")
        for what, path in (("index", index), ("fallback", fallback)):
            if path is not None and not safe_segments(path):
                raise ValueError(f"{what} is a relative path inside the directory, not {path!r}")
        self._root: Final = str(self._directory)
        self._show_index: Final = options.get("show_index", False)
        self._follow_symlinks: Final = options.get("follow_symlinks", False) or options.get(
            "break_symlink_sandbox", False
        )
        self._append_version: Final = options.get("append_version", False)
        # Home Assistant's subclass reads it.
        self._chunk_size: Final = options.get("chunk_size", CHUNK_SIZE)
        self._index: Final = () if index is None else safe_segments(index) or ()
        self._fallback: Final = () if fallback is None else safe_segments(fallback) or ()
        # Makes the response from the path.
        self._make: Final = functools.partial(
            FileResponse,
            chunk_size=self._chunk_size,
            cache_control=options.get("cache_control"),
            immutable=options.get("immutable", False),
            precompressed=options.get("precompressed", True),
            threads=options.get("threads", True),
        )
        # Path -> modification time, size and hash; bounded by the files that the application
        # makes URLs for.
        self._versions: Final[dict[str, tuple[int, int, str]]] = {}
        for method in ("GET", "HEAD"):
            self.add_route(method, self._handle, expect_handler=options.get("expect_handler"))

    # Building URLs.

    def url_for(self, **parts: PathValue) -> URL:
        """Return the URL of the file ``filename``, a path inside the directory.

        ``append_version`` overrides the option of the resource. With it the file is read if it has
        changed since the last time; a file that does not exist has no version. Raises ``KeyError``
        without a ``filename`` and ``ValueError`` for a path that no request could have.
        """
        append_version = parts.pop("append_version", None)
        if "filename" not in parts:
            raise UnknownKeyError("filename", f"url_for() of {self.canonical!r}", parts)
        filename = parts.pop("filename")
        if not isinstance(filename, (str, os.PathLike)):
            raise TypeError(f"filename is a str or a Path, not {filename!r}")
        path = os.fspath(filename).replace(os.sep, "/").lstrip("/")
        segments = safe_segments(path)
        if segments is None:
            raise ValueError(f"filename is a relative path inside the directory, not {path!r}")
        url = super().url_for(filename=path, **parts)
        if self._append_version if append_version is None else append_version:
            version = self._version(segments)
            if version is not None:
                url = url.with_query({self.VERSION_KEY: version})
        return url

    def _version(self, segments: tuple[str, ...]) -> str | None:
        path = self._resolve(segments)
        if path is None:
            return None
        try:
            file = self._open_resolved(path, (), siblings=False)
        except OSError:
            return None
        # Few applications ask for versions; the others need not load these modules.
        import base64
        import hashlib

        try:
            facts = file.facts
            known = self._versions.get(path)
            if known is None or known[:2] != (facts.mtime_ns, facts.size):
                digest = hashlib.sha256()
                for offset in range(0, facts.size, CHUNK_SIZE):
                    digest.update(file.read(offset, min(CHUNK_SIZE, facts.size - offset)))
                version = base64.urlsafe_b64encode(digest.digest()).decode()
                known = self._versions[path] = (facts.mtime_ns, facts.size, version)
            return known[2]
        finally:
            file.close()

    # Describing.

    def get_info(self) -> RouteInfo:
        """Return ``directory``, ``prefix``, and ``routes`` by method."""
        routes = {route.method: route for route in self}
        return {"directory": self._directory, "prefix": self.canonical, "routes": routes}

    def set_options_route(self, handler: AnyHandler) -> ResourceRoute:
        """Add ``handler`` for OPTIONS and return the route; raises ``RuntimeError`` twice."""
        if "OPTIONS" in self._routes:
            raise RuntimeError(f"OPTIONS route was set already, to {self._routes['OPTIONS']!r}")
        return self.add_route("OPTIONS", handler)

    def __repr__(self) -> str:
        name = "" if self._name is None else f"'{self._name}'"
        return f"<StaticResource {name} {self.canonical} -> {self._root!r}>"

    # Answering.

    async def _handle(self, request: Any) -> StreamResponse:
        """Answer a request for a file or a directory."""
        tail = request.match_info["filename"]
        raw = request.raw_path.partition("?")[0]
        segments = safe_segments(tail, raw)
        if segments is None:
            raise HTTPNotFound
        response: FileResponse = self._make(self._directory.joinpath(*segments))
        call = functools.partial(
            self._look,
            segments,
            file_request(request, response, precompressed=response.precompressed),
            request.path,
            # The prefix itself may come without its slash.
            is_directory=raw.endswith("/"),
        )
        try:
            if response.threads:
                found = await request.response_writer.run_blocking(call)
            else:
                found = call()
        except (NotAFileError, PermissionError):
            raise HTTPForbidden from None
        except OSError as error:
            if not is_missing(error):
                raise
            raise HTTPNotFound from None
        if isinstance(found, PreparedFile):
            response.use_prepared(found)
            return response
        if isinstance(found, _Listing):
            return Response(text=found.page, content_type="text/html")
        if found is _Outcome.NOT_FOUND:
            raise HTTPNotFound
        if found is _Outcome.FORBIDDEN:
            raise HTTPForbidden
        raise HTTPMovedPermanently(_with_slash(request))

    # The rest runs in a thread, or with ``threads=False`` in the event loop.

    def _look(
        self, segments: tuple[str, ...], wanted: FileRequest, shown: str, *, is_directory: bool
    ) -> _Found:
        """Return the result for a path; raises ``OSError`` for a file that cannot be opened."""
        try:
            found = self._look_inside(segments, wanted, shown, is_directory=is_directory)
        except (FileNotFoundError, NotADirectoryError):
            found = _Outcome.NOT_FOUND
        if found is not _Outcome.NOT_FOUND:
            return found
        if not self._fallback or (segments and "." in segments[-1]):
            return found
        return self._answer(self._resolve(self._fallback), self._fallback[-1], wanted)

    def _look_inside(
        self, segments: tuple[str, ...], wanted: FileRequest, shown: str, *, is_directory: bool
    ) -> _Found:
        path = self._resolve(segments)
        if path is None:
            return _Outcome.NOT_FOUND
        if not is_directory:
            # Nearly every request is for a file: opening it saves asking first what it is.
            try:
                return self._answer(path, segments[-1] if segments else "", wanted)
            except NotAFileError:
                if not Path(path).is_dir():
                    # A link that was not resolved leads to itself, and to no file.
                    loops = Path(path).is_symlink()
                    return _Outcome.NOT_FOUND if loops else _Outcome.FORBIDDEN
        elif not Path(path).is_dir():
            return _Outcome.NOT_FOUND
        if self._index:
            inner = self._resolve((*segments, *self._index))
            if inner is None:
                return _Outcome.NOT_FOUND
            if Path(inner).is_file():
                if is_directory:
                    return self._answer(inner, self._index[-1], wanted)
                return _Outcome.ADD_SLASH
        if not self._show_index:
            return _Outcome.FORBIDDEN
        if not is_directory:
            return _Outcome.ADD_SLASH

        def can_fetch(name: str) -> os.stat_result | None:
            # A name may look like a path that is never looked up. One that is not UTF-8 has no URL:
            # invalid escapes stay as they are in the path of a request.
            if safe_segments(name) is None or not _is_text(name):
                return None
            return self._status((*segments, name))

        parent = bool(segments) and self._status(segments[:-1]) is not None
        return _Listing(listing_page(path, shown, parent=parent, can_fetch=can_fetch))

    def _status(self, segments: tuple[str, ...]) -> os.stat_result | None:
        """Return the facts about a file or directory if a request for it would succeed, or None.

        The same decisions as in ``_look_inside``, without opening anything.
        """
        path = self._resolve(segments)
        try:
            status = None if path is None else os.stat(path)  # noqa: PTH116  # as in ``contained``
        except (OSError, ValueError):
            return None
        if path is None or status is None:
            return None
        if stat.S_ISREG(status.st_mode):
            return status if _may(path, os.R_OK) else None
        if not stat.S_ISDIR(status.st_mode) or not _may(path, os.X_OK):
            return None
        if self._index:
            inner = self._resolve((*segments, *self._index))
            if inner is None:
                return None
            if Path(inner).is_file():
                return status if _may(inner, os.R_OK) else None
        return status if _may(path, os.R_OK) else None

    def _resolve(self, segments: tuple[str, ...]) -> str | None:
        """Return the path of a file, None if a link leads out of the directory.

        The answer to None is 404 rather than 403: do not reveal whether a file outside exists.
        """
        return contained(self._root, segments, follow_symlinks=self._follow_symlinks)

    def _open_resolved(self, path: str, codings: tuple[str, ...], siblings: bool) -> OpenFile:
        return open_file(path, codings, siblings=siblings, follow=self._follow_symlinks)

    def _answer(self, path: str | None, name: str, wanted: FileRequest) -> _Found:
        if path is None:
            return _Outcome.NOT_FOUND
        return prepare_file(wanted, name, functools.partial(self._open_resolved, path))


def _is_text(name: str) -> bool:
    """Return True if the name of a file is valid UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _may(path: str, mode: int) -> bool:
    """Return True if this process may open ``path``."""
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _with_slash(request: BaseRequest) -> URL:
    """Return the URL of a request with a slash behind its path, and with its query."""
    path, mark, query = request.raw_path.partition("?")
    # Exactly one slash at the start: ``//host/`` would lead to another server.
    return URL(f"/{path.strip('/')}/{mark}{query}", encoded=True)
