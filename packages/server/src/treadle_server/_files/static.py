"""``StaticResource``: the files of a directory below a prefix of URLs.

A request costs one hop to a thread, in which its path is resolved, the file opened, the answer
planned and what is small read (see ``_files.response``). Which paths may be looked up at all is
``_files.paths``'s to say.
"""

import functools
import os
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
)
from treadle_router import CONVERTERS, Converter
from treadle_server._http.request import BaseRequest
from treadle_server._routing.handlers import AnyHandler
from treadle_server._routing.options import StaticOptions, check_options
from treadle_server._routing.resources import PrefixResource, ResourceRoute
from treadle_server._transport.files import NotAFileError, OpenFile, is_missing, open_file

from .listing import listing_page
from .paths import contained, safe_segments
from .prepare import FileRequest, PreparedFile, file_request, prepare_file
from .response import CHUNK_SIZE, FileResponse

__all__ = ["StaticResource"]


@final
class _Redirect(NamedTuple):
    """A directory whose URL lacks its slash: relative links would lead astray."""


@final
class _Listing(NamedTuple):
    """The page that lists a directory."""

    page: str


class StaticResource(PrefixResource):
    """The files below ``directory``, under the URL path ``prefix``; answers GET and HEAD.

    ``chunk_size`` (bytes) is how much of a file is read at a time. ``show_index`` lists
    directories instead of refusing them with 403. Symbolic links are followed inside the
    directory, with ``follow_symlinks`` (also called ``break_symlink_sandbox``) wherever they lead.
    With ``append_version`` URLs get a hash of the file, so that it can be cached for ever.

    Beyond what aiohttp has: ``index`` is the name of the file that stands for a directory
    (``"index.html"``), ``fallback`` the path of one that is sent where there is no file and the
    last part of the URL has no extension, as single-page applications need it. ``cache_control``
    and ``immutable`` set that field of every file, ``precompressed`` looks for ``.zst``, ``.br``
    and ``.gz`` beside a file (see ``FileResponse``).

    A path with a dot segment, an empty segment, a backslash, NUL, an encoded slash, or the letter
    of a drive is 404 without a look at the disk. Raises ``ValueError`` for a prefix that is none
    and for what is no directory.
    """

    #: The query parameter of a version.
    VERSION_KEY: ClassVar[str] = "v"

    def __init__(
        self,
        prefix: str,
        directory: str | os.PathLike[str],
        *,
        converters: Mapping[str, Converter[object]] = CONVERTERS,
        **options: Unpack[StaticOptions],
    ) -> None:
        check_options(options, StaticOptions.__optional_keys__, f"{type(self).__name__}()")
        super().__init__(prefix, name=options.get("name"), tail="filename", converters=converters)
        index, fallback = options.get("index"), options.get("fallback")
        try:
            self._directory: Final = Path(directory).expanduser().resolve(strict=True)
        except OSError as error:
            raise ValueError(f"There is no directory {os.fspath(directory)!r}") from error
        if not self._directory.is_dir():
            raise ValueError(f"{str(self._directory)!r} is not a directory")
        for what, path in (("index", index), ("fallback", fallback)):
            if path is not None and not safe_segments(path):
                raise ValueError(f"{what} is a relative path inside the directory, not {path!r}")
        self._root: Final = str(self._directory)
        self._show_index: Final = options.get("show_index", False)
        self._follow_symlinks: Final = options.get("follow_symlinks", False) or options.get(
            "break_symlink_sandbox", False
        )
        self._append_version: Final = options.get("append_version", False)
        self._index: Final = () if index is None else safe_segments(index) or ()
        self._fallback: Final = () if fallback is None else safe_segments(fallback) or ()
        # Makes the response; only the path is missing.
        self._make: Final = functools.partial(
            FileResponse,
            chunk_size=options.get("chunk_size", CHUNK_SIZE),
            cache_control=options.get("cache_control"),
            immutable=options.get("immutable", False),
            precompressed=options.get("precompressed", True),
        )
        # Path -> time of change, size and hash; bounded by what the application makes URLs for.
        self._versions: Final[dict[str, tuple[int, int, str]]] = {}
        for method in ("GET", "HEAD"):
            self.add_route(method, self._handle, expect_handler=options.get("expect_handler"))

    # Building URLs.

    def url_for(self, **parts: object) -> URL:
        """Return the URL of the file ``filename``, a path inside the directory.

        ``append_version`` is by default what the resource was made with. With it the file is read,
        when it has changed since; one that does not exist has no version. Raises ``KeyError``
        without a ``filename`` and ``ValueError`` for a path that no request could have.
        """
        append_version = parts.pop("append_version", None)
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
        try:
            path = self._resolve(segments)
            file = self._open_resolved(path, (), siblings=False)
        except OSError:
            return None
        # Few applications ask for versions: the others need not load what makes them.
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

    def get_info(self) -> Mapping[str, object]:
        """Return ``directory``, ``prefix``, and ``routes`` by method."""
        routes = {route.method: route for route in self}
        return {"directory": self._directory, "prefix": self.canonical, "routes": routes}

    def set_options_route(self, handler: AnyHandler) -> ResourceRoute:
        """Add ``handler`` for OPTIONS and return the route; raises ``RuntimeError`` twice."""
        return self.add_route("OPTIONS", handler)

    def __repr__(self) -> str:
        name = "" if self._name is None else f"'{self._name}' "
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
            found = await request.response_writer.run_blocking(call)
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
        raise HTTPMovedPermanently(_with_slash(request))

    # What follows runs in a thread.

    def _look(
        self, segments: tuple[str, ...], wanted: FileRequest, shown: str, *, is_directory: bool
    ) -> PreparedFile | _Listing | _Redirect:
        """Find out what a path is; raises ``OSError`` for what cannot be sent."""
        try:
            return self._look_inside(segments, wanted, shown, is_directory=is_directory)
        except (FileNotFoundError, NotADirectoryError):
            if not self._fallback or (segments and "." in segments[-1]):
                raise
            path = self._resolve(self._fallback)
            return self._answer(path, self._fallback[-1], wanted)

    def _look_inside(
        self, segments: tuple[str, ...], wanted: FileRequest, shown: str, *, is_directory: bool
    ) -> PreparedFile | _Listing | _Redirect:
        path = self._resolve(segments)
        if not is_directory:
            # What nearly every request asks for: one look less than asking what it is first.
            try:
                return self._answer(path, segments[-1] if segments else "", wanted)
            except NotAFileError:
                if not Path(path).is_dir():
                    raise
        elif not Path(path).is_dir():
            raise NotADirectoryError(path)
        if self._index:
            inner = self._resolve((*segments, *self._index))
            if Path(inner).is_file():
                if is_directory:
                    return self._answer(inner, self._index[-1], wanted)
                return _Redirect()
        if not self._show_index:
            raise PermissionError(path)
        if not is_directory:
            return _Redirect()

        def inside(name: str) -> bool:
            try:
                self._resolve((*segments, name))
            except OSError:
                return False
            return True

        return _Listing(listing_page(path, shown, parent=bool(segments), shows_link=inside))

    def _resolve(self, segments: tuple[str, ...]) -> str:
        path = contained(self._root, segments, follow_symlinks=self._follow_symlinks)
        if path is None:
            # Not 403: what is outside is nobody's business, also whether it exists.
            raise FileNotFoundError(*segments)
        return path

    def _open_resolved(self, path: str, codings: tuple[str, ...], siblings: bool) -> OpenFile:
        return open_file(path, codings, siblings=siblings, follow=self._follow_symlinks)

    def _answer(self, path: str, name: str, wanted: FileRequest) -> PreparedFile:
        return prepare_file(wanted, name, functools.partial(self._open_resolved, path))


def _with_slash(request: BaseRequest) -> URL:
    """Return the path of a request with a slash at its end, and its query."""
    path, mark, query = request.raw_path.partition("?")
    # One slash at the start: ``//host/`` would lead to another server.
    return URL(f"/{path.strip('/')}/{mark}{query}", encoded=True)
