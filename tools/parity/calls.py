"""``python -m parity.calls``: make the same calls on aiohttp and on treadle, and compare.

A call is a function of a package (``aiohttp`` or ``treadle``, with its modules). Its outcome is
what it returns or raises, and the categories of the warnings that it causes. Texts are compared
only where programs match them; ``DIFFERENCES`` has the calls that end differently, with the reason.
"""

import asyncio
import contextlib
import importlib
import inspect
import io
import logging
import sys
import tempfile
import warnings
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

__all__ = ["CALLS", "DIFFERENCES", "Outcome", "Package", "compare", "run"]


class Package:
    """aiohttp or treadle: ``package.web``, ``package.payload`` and so on."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, name: str) -> Any:
        try:
            return importlib.import_module(f"{self.name}.{name}")
        except ModuleNotFoundError:
            return getattr(importlib.import_module(self.name), name)


class Outcome(NamedTuple):
    """The end of a call."""

    warned: tuple[str, ...]
    #: The names of the exception's class and of its bases, the class itself first.
    raised: tuple[str, ...]
    result: object

    def satisfies(self, other: "Outcome") -> bool:
        """Return True if a program that expects ``other`` sees no difference."""
        same = self.warned == other.warned and self.result == other.result
        if not other.raised:
            return same and not self.raised
        return same and other.raised[0] in self.raised


#: The types of results that are compared; of others it is the name of the type.
_COMPARED: Final = (type(None), str, bytes, int, float, tuple, list, dict)

Call = Callable[[Package], object]
CALLS: Final[dict[str, Call]] = {}


def call(function: Call) -> Call:
    """Add a call to the table, under the name of its function."""
    CALLS[function.__name__] = function
    return function


def expression(name: str, function: Call) -> None:
    """Add a call of one expression."""
    CALLS[name] = function


def run(function: Call, package: Package) -> Outcome:
    """Return the outcome of a call; coroutines run in an event loop of their own."""
    result: object = None
    raised: tuple[str, ...] = ()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                result = function(package)
                if inspect.iscoroutine(result):
                    result = asyncio.run(result)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # it is what the call is for
            result = None
            raised = tuple(base.__name__ for base in type(error).__mro__)
    # Objects of aiohttp that the garbage collector closes.
    own = [each for each in caught if not str(each.message).lower().startswith("unclosed")]
    names = {each.category.__name__ for each in own}
    if not isinstance(result, _COMPARED):
        result = type(result).__name__
    return Outcome(tuple(sorted(names)), raised, result)


def compare() -> Mapping[str, tuple[Outcome, Outcome]]:
    """Return the calls whose outcome on treadle differs, with aiohttp's outcome and treadle's."""
    different = {}
    for name, function in CALLS.items():
        theirs, ours = run(function, Package("aiohttp")), run(function, Package("treadle"))
        if not ours.satisfies(theirs):
            different[name] = (theirs, ours)
    return different


async def hello(request: Any) -> Any:
    """Answer with the path, in the class of response of the request's package."""
    return responses_of(request).Response(text=request.path)


def responses_of(request: Any) -> ModuleType:
    """Return the ``web`` of the package that ``request`` comes from."""
    name = type(request).__module__.partition(".")[0]
    return importlib.import_module("aiohttp.web" if name == "aiohttp" else "treadle.web")


@contextlib.asynccontextmanager
async def client_of(package: Package, app: Any) -> Any:
    """Return a client of ``app``, both of ``package``."""
    logger = logging.getLogger(f"{package.name}.server")
    utils = package.test_utils
    # The errors are asked for.
    logger.disabled = True
    try:
        async with utils.TestClient(utils.TestServer(app)) as client:
            yield client
    finally:
        logger.disabled = False


async def answer(
    package: Package,
    handler: Any,
    method: str = "GET",
    path: str = "/",
    /,
    *,
    middlewares: Any = (),
    **arguments: Any,
) -> tuple[int, str]:
    """Return the status and the text of the answer of ``handler``."""
    app = package.web.Application(middlewares=middlewares)
    app.router.add_route("*", "/{tail:.*}", handler)
    async with client_of(package, app) as client:
        response = await client.request(method, path, **arguments)
        text = await response.text()
        return response.status, text if response.status < 300 else ""


def request_of(package: Package, method: str = "GET", path: str = "/", **arguments: Any) -> Any:
    """Return a request that is made by hand."""
    return package.test_utils.make_mocked_request(method, path, **arguments)


# Applications and their mapping.

expression("application", lambda p: len(p.web.Application()))
expression("application_loop", lambda p: p.web.Application(loop=None) is not None)
expression("application_debug", lambda p: p.web.Application(debug=True) is not None)
expression(
    "application_router", lambda p: p.web.Application(router=p.web.UrlDispatcher()) is not None
)
expression("application_router_none", lambda p: p.web.Application(router=None) is not None)
expression("application_router_wrong", lambda p: p.web.Application(router=object()))
expression("application_unknown_keyword", lambda p: p.web.Application(unknown=1))
expression("application_subclass", lambda p: type("Mine", (p.web.Application,), {}).__name__)
expression("application_bool", lambda p: bool(p.web.Application()))
expression("application_debug_property", lambda p: p.web.Application().debug)
expression("application_loop_property", lambda p: p.web.Application().loop)
expression("app_key_missing", lambda p: p.web.Application()["missing"])
expression("app_key_get", lambda p: p.web.Application().get("missing", 3))
expression("app_key_str", lambda p: isinstance(str(p.web.AppKey("key", int)), str))
expression("on_startup_frozen", lambda p: _frozen(p).on_startup.append(None))
expression("middlewares_frozen", lambda p: _frozen(p).middlewares.append(None))
expression("cleanup_ctx_frozen", lambda p: _frozen(p).cleanup_ctx.append(None))
expression("frozen_str_key", lambda p: _frozen(p).__setitem__("key", 1))
expression("add_subapp_frozen", lambda p: _add_frozen_subapp(p))
expression(
    "add_subapp_empty_prefix", lambda p: p.web.Application().add_subapp("", p.web.Application())
)
expression("add_subapp_root", lambda p: p.web.Application().add_subapp("/", p.web.Application()))
expression("add_subapp_not_an_app", lambda p: p.web.Application().add_subapp("/a", object()))
expression("add_domain_not_a_str", lambda p: p.web.Application().add_domain(3, p.web.Application()))
expression(
    "add_domain_scheme", lambda p: p.web.Application().add_domain("http://a", p.web.Application())
)
expression("add_domain_empty", lambda p: p.web.Application().add_domain("", p.web.Application()))


def _frozen(package: Package) -> Any:
    app = package.web.Application()
    app.freeze()
    return app


def _add_frozen_subapp(package: Package) -> Any:
    subapp = package.web.Application()
    app = package.web.Application()
    app.freeze()
    app.add_subapp("/a", subapp)


@call
def string_key(package: Package) -> object:
    app = package.web.Application()
    app["key"] = 1
    return app["key"]


@call
def app_key(package: Package) -> object:
    app = package.web.Application()
    key = package.web.AppKey("key", int)
    app[key] = 1
    return app[key], len(app), key in app


@call
def request_string_key(package: Package) -> object:
    request = request_of(package)
    request["key"] = 1
    return request["key"]


@call
def response_string_key(package: Package) -> object:
    response = package.web.Response()
    response["key"] = 1
    return response["key"]


@call
def make_handler(package: Package) -> object:
    async def main() -> object:
        return package.web.Application().make_handler(loop=asyncio.get_running_loop()) is not None

    return main()


# Routes and handlers.


def plain(request: Any) -> Any:
    return responses_of(request).Response(text="plain")


expression("sync_handler", lambda p: answer(p, plain))
expression("lambda_handler", lambda p: answer(p, lambda request: plain(request)))
expression("handler_not_callable", lambda p: p.web.Application().router.add_get("/", 3))
expression("handler_awaited", lambda p: answer(p, hello, "GET", "/x"))
expression("handler_none", lambda p: answer(p, _returns(None)))
expression("handler_str", lambda p: answer(p, _returns("text")))
expression("handler_raises", lambda p: answer(p, _raises(ValueError)))
expression("handler_timeout", lambda p: answer(p, _raises(TimeoutError)))
expression("route_without_slash", lambda p: p.web.Application().router.add_get("path", hello))
expression("route_bad_braces", lambda p: p.web.Application().router.add_get("/{a", hello))
expression("route_bad_regex", lambda p: p.web.Application().router.add_get("/{a:(}", hello))
expression(
    "route_bad_method", lambda p: p.web.Application().router.add_route("BAD METHOD", "/", hello)
)
expression(
    "route_bad_name", lambda p: p.web.Application().router.add_get("/", hello, name="bad name")
)
expression(
    "route_keyword_name", lambda p: p.web.Application().router.add_get("/", hello, name="if")
)
expression("route_name_type", lambda p: p.web.Application().router.add_get("/", hello, name=3))
expression(
    "route_expect_handler",
    lambda p: p.web.Application().router.add_get("/", hello, expect_handler=plain),
)
expression("unknown_name", lambda p: p.web.Application().router["unknown"])
expression(
    "static_missing", lambda p: p.web.Application().router.add_static("/s", "/no/such/folder")
)
expression("static_file", lambda p: p.web.Application().router.add_static("/s", __file__))
expression(
    "static_prefix", lambda p: p.web.Application().router.add_static("s", tempfile.gettempdir())
)
expression("view_not_a_view", lambda p: p.web.Application().router.add_get("/", int))
expression("route_def", lambda p: _fields(p.web.get("/", hello)))
expression("head_with_get", lambda p: len(p.web.Application().add_routes([p.web.get("/", hello)])))
expression("middleware_mark", lambda p: p.web.middleware(f=hello) is hello)
expression(
    "slash_twice", lambda p: p.web.normalize_path_middleware(append_slash=True, remove_slash=True)
)
expression(
    "url_for_position", lambda p: p.web.Application().router.add_get("/{a}", hello).url_for("a")
)
expression(
    "url_for", lambda p: str(p.web.Application().router.add_get("/{a}", hello).url_for(a="b"))
)
expression("url_for_missing", lambda p: p.web.Application().router.add_get("/{a}", hello).url_for())


def _fields(definition: Any) -> object:
    return definition.method, definition.path, definition.kwargs


def _returns(value: object) -> Callable[[Any], Awaitable[object]]:
    async def handler(request: Any) -> object:
        return value

    return handler


def _raises(kind: type[Exception]) -> Callable[[Any], Awaitable[object]]:
    async def handler(request: Any) -> object:
        raise kind

    return handler


@call
def same_path_and_method(package: Package) -> object:
    router = package.web.Application().router
    router.add_post("/", hello)
    return router.add_post("/", hello)


@call
def duplicate_name(package: Package) -> object:
    router = package.web.Application().router
    router.add_get("/a", hello, name="name")
    return router.add_get("/b", hello, name="name")


@call
def route_after_freeze(package: Package) -> object:
    return _frozen(package).router.add_get("/", hello)


@call
def view_without_methods(package: Package) -> object:
    return answer(package, type("Empty", (package.web.View,), {}))


@call
def view_of_abstract_view(package: Package) -> object:
    async def get(self: Any) -> Any:
        return package.web.Response(text="view")

    def awaits(self: Any) -> Any:
        return get(self).__await__()

    return answer(package, type("Mine", (package.abc.AbstractView,), {"__await__": awaits}))


@call
def returned_exception(package: Package) -> object:
    return answer(package, _returns(package.web.HTTPForbidden()))


@call
def raised_exception(package: Package) -> object:
    return answer(package, _raises(package.web.HTTPForbidden))


@call
def returned_ok_exception(package: Package) -> object:
    return answer(package, _returns(package.web.HTTPOk(text="fine")))


@call
def old_middleware(package: Package) -> object:
    async def factory(app: Any, handler: Any) -> Any:
        async def inner(request: Any) -> Any:
            return await handler(request)

        return inner

    return answer(package, hello, middlewares=[factory])


@call
def new_middleware(package: Package) -> object:
    async def middle(request: Any, handler: Any) -> Any:
        return await handler(request)

    return answer(package, hello, middlewares=[package.web.middleware(middle)])


# Requests.

expression("request_has_body", lambda p: request_of(p).has_body)
expression("request_can_read_body", lambda p: request_of(p).can_read_body)
expression("request_range_bad", lambda p: request_of(p, headers={"Range": "bytes=5-1"}).http_range)
expression(
    "request_range_unit", lambda p: request_of(p, headers={"Range": "BYTES=1-5"}).http_range.stop
)
expression(
    "request_range_other", lambda p: request_of(p, headers={"Range": "lines=1-5"}).http_range
)
expression("request_clone", lambda p: request_of(p).clone(method="POST").method)
expression("request_clone_read", lambda p: _clone_after_read(p))
expression("request_path", lambda p: request_of(p, "GET", "/a%20b?c=d").path)
expression("request_cookies", lambda p: dict(request_of(p, headers={"Cookie": "a=b"}).cookies))
expression("request_key_missing", lambda p: request_of(p)["missing"])
expression("request_keep_alive", lambda p: request_of(p).keep_alive)
expression(
    "request_date",
    lambda p: str(request_of(p, headers={"If-Modified-Since": "no"}).if_modified_since),
)
expression("request_loop", lambda p: _with_loop(p))


def _clone_after_read(package: Package) -> object:
    request = request_of(package)
    request._read_bytes = b""  # noqa: SLF001  # the state that reading leaves, in both
    return request.clone()


def _with_loop(package: Package) -> object:
    async def main() -> object:
        loop = asyncio.get_running_loop()
        return request_of(package, loop=loop).loop is loop

    return main()


@call
def json_of_no_json(package: Package) -> object:
    async def handler(request: Any) -> Any:
        try:
            await request.json()
        except ValueError as error:
            name = "JSONDecodeError" if isinstance(error, ValueError) else ""
            return package.web.Response(text=name)

    return answer(package, handler, "POST", data=b"{")


@call
def body_too_large(package: Package) -> object:
    async def handler(request: Any) -> Any:
        try:
            await request.read()
        except package.web.HTTPRequestEntityTooLarge as error:
            return package.web.Response(text=f"{error.status} {error.headers.get('Connection')}")

    return answer(package, handler, "POST", data=b"x" * (2**20 + 1))


@call
def has_body_in_a_handler(package: Package) -> object:
    async def handler(request: Any) -> Any:
        return package.web.Response(text=f"{request.has_body} {request.body_exists}")

    return answer(package, handler, "POST", data=b"x")


@call
def unread_data(package: Package) -> object:
    async def handler(request: Any) -> Any:
        data = await request.content.read(3)
        request.content.unread_data(data)
        return package.web.Response(body=await request.read())

    return answer(package, handler, "POST", data=b"content")


# Responses.

expression("response_body_and_text", lambda p: p.web.Response(body=b"", text=""))
expression("response_text_type", lambda p: p.web.Response(text=b"bytes"))
expression(
    "response_type_twice",
    lambda p: p.web.Response(headers={"Content-Type": "a/b"}, content_type="a/b"),
)
expression(
    "response_charset_in_type", lambda p: p.web.Response(text="", content_type="a/b; charset=utf-8")
)
expression("response_body_type", lambda p: p.web.Response(body=object()))
expression("response_reason", lambda p: p.web.Response(reason="a\nb"))
expression("response_status", lambda p: p.web.Response(status=299).reason)
expression("response_unknown_charset", lambda p: p.web.Response(text="a", charset="unknown"))
expression("response_etag", lambda p: setattr(p.web.Response(), "etag", 'a b"c'))
expression("response_etag_type", lambda p: setattr(p.web.Response(), "etag", 3))
expression("response_last_modified", lambda p: setattr(p.web.Response(), "last_modified", object()))
expression("response_compression_true", lambda p: p.web.Response().enable_compression(True))
expression("response_compression_false", lambda p: p.web.Response().enable_compression(False))
expression("response_compression_type", lambda p: p.web.Response().enable_compression("gzip"))
expression(
    "response_compression_force",
    lambda p: p.web.StreamResponse().enable_compression(force="unknown"),
)
expression(
    "response_chunked_size", lambda p: p.web.StreamResponse().enable_chunked_encoding(chunk_size=5)
)
expression("response_chunked_length", lambda p: _chunked_with_length(p))
expression("response_charset", lambda p: setattr(p.web.StreamResponse(), "charset", "utf-8"))
expression("response_cookie_version", lambda p: p.web.Response().set_cookie("a", "b", version="1"))
expression("response_cookie_name", lambda p: p.web.Response().set_cookie("a b", "c"))
expression("response_cookie", lambda p: _cookie(p, "a", "b", max_age=3, httponly=True))
expression("response_set_status", lambda p: p.web.Response().set_status(404))
expression("response_drain", lambda p: p.web.StreamResponse().drain())
expression("response_write", lambda p: p.web.StreamResponse().write(b"x"))
expression("response_write_eof", lambda p: p.web.StreamResponse().write_eof())
expression("response_subclass", lambda p: type("Mine", (p.web.Response,), {})().status)
expression("json_response_both", lambda p: p.web.json_response({}, text="a"))
expression("json_response", lambda p: p.web.json_response({"a": 1}).text)
expression(
    "file_response_chunk_size", lambda p: p.web.FileResponse(__file__, chunk_size=100).status
)
expression("payload_unknown", lambda p: p.payload.get_payload(object()))
expression("payload_order", lambda p: p.payload.register_payload(p.payload.Payload, int, order=3))
expression("payload_bytes_type", lambda p: p.payload.BytesPayload("text"))
expression("payload_iterable_type", lambda p: p.payload.AsyncIterablePayload(b"bytes"))
expression(
    "payload_string",
    lambda p: _described(
        p.payload.StringPayload("é", content_type="text/a; charset=koi8-r", encoding="latin-1")
    ),
)
expression("payload_text", lambda p: _described(p.payload.StringPayload("é")))
expression("payload_json", lambda p: _described(p.payload.JsonPayload({"a": 1})))
expression("payload_file", lambda p: _file_payload(p))
expression(
    "payload_bytes_io",
    lambda p: _described(p.payload.BytesIOPayload(_bytes_io(), "inline", filename="a.txt")),
)
expression("payload_type", lambda p: p.payload.payload_type(int).order.value)


def _bytes_io() -> Any:
    return io.BytesIO(b"content")


def _described(payload: Any) -> object:
    return payload.size, sorted(payload.headers.items()), payload.filename


def _file_payload(package: Package) -> object:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.bin")
        path.write_bytes(b"content")
        with path.open("rb") as file:
            return _described(package.payload.BufferedReaderPayload(file, "inline"))


def _chunked_with_length(package: Package) -> object:
    response = package.web.StreamResponse()
    response.content_length = 5
    return response.enable_chunked_encoding()


def _cookie(package: Package, *args: Any, **kwargs: Any) -> object:
    response = package.web.Response()
    response.set_cookie(*args, **kwargs)
    return response.cookies.output().lower()


@call
def no_content_length_of_chunked(package: Package) -> object:
    response = package.web.StreamResponse()
    response.enable_chunked_encoding()
    response.content_length = 5
    return response.content_length


# Exceptions.

expression("exception_reason", lambda p: p.web.HTTPBadRequest(reason="a\nb"))
expression("exception_body_and_text", lambda p: p.web.HTTPBadRequest(body=b"x", text="x"))
expression("exception_body", lambda p: p.web.HTTPBadRequest(body=b"x").status)
expression("exception_redirect_empty", lambda p: p.web.HTTPFound(""))
expression("exception_redirect_type", lambda p: p.web.HTTPFound(None))
expression("exception_redirect", lambda p: p.web.HTTPFound("/a").headers["Location"])
expression(
    "exception_methods", lambda p: p.web.HTTPMethodNotAllowed("GET", ["B", "A"]).headers["Allow"]
)
expression("exception_no_content", lambda p: p.web.HTTPNoContent().text)
expression(
    "exception_subclass", lambda p: type("Mine", (p.web.HTTPOk,), {"status_code": 299})().reason
)
expression("exception_too_large", lambda p: p.web.HTTPRequestEntityTooLarge(1, 2, text="x").text)
expression(
    "exception_451", lambda p: p.web.HTTPUnavailableForLegalReasons(None).headers.get("Link")
)
expression("exception_unknown", lambda p: p.web.HTTPBadRequest(unknown=1))

# Runners and servers.

expression("runner_not_an_app", lambda p: p.web.AppRunner(object()))
expression("server_runner_not_a_server", lambda p: p.web.ServerRunner(object()).server)
expression(
    "runner_access_log_class", lambda p: p.web.AppRunner(p.web.Application(), access_log_class=int)
)
expression("site_not_setup", lambda p: p.web.TCPSite(p.web.AppRunner(p.web.Application())).name)
expression("site_shutdown_timeout", lambda p: _site(p, shutdown_timeout=3))
expression("site_twice", lambda p: _site(p, again=True))
expression("tcp_site_start", lambda p: _site(p))
expression("main_without_function", lambda p: p.web.main(["module"]))


def _site(package: Package, *, again: bool = False, **arguments: Any) -> object:
    async def main() -> object:
        runner = package.web.AppRunner(package.web.Application())
        await runner.setup()
        try:
            site = package.web.TCPSite(runner, "127.0.0.1", 0, **arguments)
            await site.start()
            if again:
                await site.start()
            return len(runner.sites)
        finally:
            await runner.cleanup()

    return main()


# WebSockets.

expression("websocket_unprepared", lambda p: p.web.WebSocketResponse().send_str("a"))
expression("websocket_receive", lambda p: p.web.WebSocketResponse().receive())
expression("websocket_close", lambda p: p.web.WebSocketResponse().close())
expression("websocket_ping", lambda p: p.web.WebSocketResponse().ping())
expression("websocket_write", lambda p: p.web.WebSocketResponse().write(b""))
expression(
    "websocket_can_prepare", lambda p: bool(p.web.WebSocketResponse().can_prepare(request_of(p)))
)
expression("websocket_closed", lambda p: p.web.WebSocketResponse().closed)
expression("message_json", lambda p: p.WSMessage(p.WSMsgType.TEXT, '{"a": 1}', None).json())

# Helpers.

expression("basic_auth", lambda p: p.BasicAuth("login", "password").encode())
expression("basic_auth_colon", lambda p: p.BasicAuth("lo:gin", "password"))
expression("basic_auth_none", lambda p: p.BasicAuth(None))
expression("basic_auth_decode", lambda p: tuple(p.BasicAuth.decode("Basic bG9naW46cGFzcw==")))
expression("basic_auth_decode_scheme", lambda p: p.BasicAuth.decode("Other bG9naW46cGFzcw=="))
expression("encode_basic_auth", lambda p: p.encode_basic_auth("login", "password"))
expression(
    "content_disposition",
    lambda p: p.helpers.content_disposition_header(disptype="form-data", name="a"),
)
expression("content_disposition_type", lambda p: p.helpers.content_disposition_header("a b"))
expression("parse_content_type", lambda p: p.helpers.parse_content_type(raw="A/B; C=d")[0])
expression(
    "parse_http_date",
    lambda p: str(p.helpers.parse_http_date(date_str="Mon, 1 Jan 1990 00:00:00 GMT")),
)
expression("quoted_string", lambda p: p.helpers.quoted_string("ä"))
expression("set_zlib_backend", lambda p: p.set_zlib_backend(importlib.import_module("zlib")))

expression("disposition_bad", lambda p: p.parse_content_disposition("form-data; name"))
expression("disposition_bad_type", lambda p: p.parse_content_disposition("a b; name=c"))
expression("disposition_bad_charset", lambda p: _filename(p, "attachment; filename*=utf-8''%ff"))
expression("disposition_twice", lambda p: p.parse_content_disposition("a; b=c; b=d"))
expression("mimetype", lambda p: p.helpers.parse_mimetype("text/html; charset=utf-8").type)
expression("is_ip_address", lambda p: p.helpers.is_ip_address("127.0.0.1"))
expression("chain_map_subclass", lambda p: type("Mine", (p.ChainMapProxy,), {}))
expression("chain_map_write", lambda p: p.ChainMapProxy([{}]).__setitem__("a", 1))
expression("guess_filename", lambda p: p.helpers.guess_filename(3, "default"))
expression("http_version", lambda p: tuple(p.HttpVersion11))
expression("responses", lambda p: p.http.RESPONSES[404][0])


def _filename(package: Package, value: str) -> object:
    return package.content_disposition_filename(package.parse_content_disposition(value)[1])


# More of responses, routes and requests.

expression("payload_large", lambda p: p.payload.BytesPayload(bytes(2**20 + 1)).size)
expression("payload_at_the_limit", lambda p: p.payload.BytesPayload(bytes(2**20)).size)
expression("response_large", lambda p: p.web.Response(body=bytes(2**20 + 1)).status)
expression("response_body_property", lambda p: p.web.Response(text="a").body)
expression("response_text_property", lambda p: p.web.Response(body=b"a").text)
expression("response_length", lambda p: p.web.Response(text="é").content_length)
expression("response_set_length", lambda p: setattr(p.web.Response(), "content_length", 3))
expression("response_keep_alive", lambda p: p.web.Response().keep_alive)
expression("response_prepared", lambda p: p.web.Response().prepared)
expression("response_chunked", lambda p: p.web.Response().chunked)
expression("response_repr", lambda p: repr(p.web.Response()))
expression("response_type", lambda p: p.web.Response().content_type)
expression("response_type_of_text", lambda p: p.web.Response(text="").headers["Content-Type"])
expression("response_bool", lambda p: bool(p.web.Response()))
expression("response_equal", lambda p: p.web.Response() == p.web.Response())
expression("response_unknown_keyword", lambda p: p.web.Response(unknown=1))
expression("response_positional", lambda p: p.web.Response(b"body"))
expression("response_etag_weak", lambda p: _etag(p, p.ETag("a", is_weak=True)))
expression("response_modified_number", lambda p: _last_modified(p, 0))
expression("response_modified_text", lambda p: _last_modified(p, "Thu, 01 Jan 1970 00:00:00 GMT"))
expression("exception_is_response", lambda p: isinstance(p.web.HTTPFound("/"), p.web.Response))
expression("exception_str", lambda p: str(p.web.HTTPNotFound()))
expression("exception_text", lambda p: p.web.HTTPNotFound().text)
expression("exception_args", lambda p: p.web.HTTPNotFound(reason="because").args)
expression("exception_empty", lambda p: p.web.HTTPNotModified().empty_body)
expression("exception_location", lambda p: str(p.web.HTTPSeeOther("/é b").location))
expression("options_twice", lambda p: _options_twice(p))
expression("route_table", lambda p: len(p.web.RouteTableDef()))
expression("route_def_repr", lambda p: repr(p.web.get("/", hello, name="n")))
expression("static_def_repr", lambda p: repr(p.web.static("/s", "folder", show_index=True)))
expression("resource_repr", lambda p: repr(p.web.Application().router.add_resource("/{a}")))
expression("resource_info", lambda p: p.web.Application().router.add_resource("/a").get_info())
expression("resource_canonical", lambda p: _canonical(p, "/{a}/{b:\\d+}"))
expression("router_repr", lambda p: len(p.web.Application().router.resources()))
expression("router_named", lambda p: dict(p.web.Application().router.named_resources()))
expression("request_repr", lambda p: repr(request_of(p)))
expression("request_equal", lambda p: request_of(p) == request_of(p))
expression("request_bool", lambda p: bool(request_of(p)))
expression("request_length", lambda p: request_of(p).content_length)
expression("request_type", lambda p: request_of(p).content_type)
expression("request_charset", lambda p: _charset(p, "text/html; charset=KOI8-R"))
expression("request_host", lambda p: request_of(p, headers={"Host": "example.com:80"}).host)
expression("request_url", lambda p: str(request_of(p, "GET", "/a?b=c", headers={"Host": "h"}).url))
expression("request_secure", lambda p: request_of(p).secure)
expression("request_forwarded", lambda p: _forwarded(p, 'for=1.2.3.4;proto=https, for="[::1]"'))
expression("request_if_match", lambda p: _if_match(p, '"a", W/"b"'))
expression("request_if_match_any", lambda p: _if_match(p, "*"))
expression("request_app", lambda p: request_of(p).app is not None)
expression("request_config", lambda p: request_of(p).config_dict.get("a"))


def _etag(package: Package, tag: Any) -> object:
    response = package.web.Response()
    response.etag = tag
    return response.headers["ETag"]


def _last_modified(package: Package, value: object) -> object:
    response = package.web.Response()
    response.last_modified = value
    return response.headers["Last-Modified"]


def _options_twice(package: Package) -> object:
    resource = package.web.Application().router.add_static("/s", tempfile.gettempdir())
    resource.set_options_route(hello)
    return resource.set_options_route(hello)


def _canonical(package: Package, path: str) -> object:
    return package.web.Application().router.add_resource(path).canonical


def _charset(package: Package, value: str) -> object:
    request = request_of(package, headers={"Content-Type": value})
    return request.content_type, request.charset


def _forwarded(package: Package, value: str) -> object:
    return [dict(each) for each in request_of(package, headers={"Forwarded": value}).forwarded]


def _if_match(package: Package, value: str) -> object:
    return [tuple(each) for each in request_of(package, headers={"If-Match": value}).if_match]


#: The calls that end differently, and why.
DIFFERENCES: Final[dict[str, str]] = {
    "application_debug_property": "a bool before the start too, not the Ellipsis of the default",
    "add_subapp_not_an_app": "a TypeError that says what a sub-application is",
    "response_repr": "the representation has the status too",
    "route_def": "a definition keeps the options that were given",
    "route_def_repr": "a definition shows the options that were given, and no defaults",
}


def main() -> int:
    """Print the calls that end differently; return 1 if one of them has no reason."""
    different = compare()
    for name, (theirs, ours) in different.items():
        print(f"{name}\n  aiohttp: {theirs}\n  treadle: {ours}\n  {DIFFERENCES.get(name, '')}")
    unlisted = different.keys() - DIFFERENCES.keys()
    print(f"{len(CALLS)} calls, {len(different)} differ, {len(unlisted)} without a reason")
    return 1 if unlisted else 0


if __name__ == "__main__":
    sys.exit(main())
