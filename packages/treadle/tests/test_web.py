"""The names of ``treadle.web`` and what importing them costs."""

import argparse
import importlib
import subprocess
import sys
from types import MappingProxyType, ModuleType
from typing import NoReturn

import pytest

import treadle
import treadle.http_websocket
import treadle.multipart
import treadle_multipart
import treadle_responses
import treadle_router
import treadle_server
import treadle_websocket
from treadle import web

# Everything that ``treadle.web`` exports. aiohttp's ``web`` has all but a few of them.
NAMES = [
    "AbstractResource",
    "AbstractRoute",
    "AbstractRouteDef",
    "AllowedOrigins",
    "AppKey",
    "AppRunner",
    "Application",
    "BackgroundTasks",
    "BaseRequest",
    "BaseRunner",
    "BaseSite",
    "CleanupError",
    "ContentCoding",
    "Converter",
    "DeflatePolicy",
    "DynamicResource",
    "ETag",
    "EventSourceResponse",
    "FileField",
    "FileResponse",
    "GracefulExit",
    "HTTPAccepted",
    "HTTPAlreadyReported",
    "HTTPBadGateway",
    "HTTPBadRequest",
    "HTTPClientError",
    "HTTPConflict",
    "HTTPCreated",
    "HTTPError",
    "HTTPException",
    "HTTPExpectationFailed",
    "HTTPFailedDependency",
    "HTTPForbidden",
    "HTTPFound",
    "HTTPGatewayTimeout",
    "HTTPGone",
    "HTTPIMUsed",
    "HTTPImATeapot",
    "HTTPInsufficientStorage",
    "HTTPInternalServerError",
    "HTTPLengthRequired",
    "HTTPLocked",
    "HTTPLoopDetected",
    "HTTPMethodNotAllowed",
    "HTTPMisdirectedRequest",
    "HTTPMove",
    "HTTPMovedPermanently",
    "HTTPMultipleChoices",
    "HTTPNetworkAuthenticationRequired",
    "HTTPNoContent",
    "HTTPNonAuthoritativeInformation",
    "HTTPNotAcceptable",
    "HTTPNotExtended",
    "HTTPNotFound",
    "HTTPNotImplemented",
    "HTTPNotModified",
    "HTTPOk",
    "HTTPPartialContent",
    "HTTPPaymentRequired",
    "HTTPPermanentRedirect",
    "HTTPPreconditionFailed",
    "HTTPPreconditionRequired",
    "HTTPProxyAuthenticationRequired",
    "HTTPRedirection",
    "HTTPRequestEntityTooLarge",
    "HTTPRequestHeaderFieldsTooLarge",
    "HTTPRequestRangeNotSatisfiable",
    "HTTPRequestTimeout",
    "HTTPRequestURITooLong",
    "HTTPResetContent",
    "HTTPSeeOther",
    "HTTPServerError",
    "HTTPServiceUnavailable",
    "HTTPSuccessful",
    "HTTPTemporaryRedirect",
    "HTTPTooEarly",
    "HTTPTooManyRequests",
    "HTTPUnauthorized",
    "HTTPUnavailableForLegalReasons",
    "HTTPUnprocessableEntity",
    "HTTPUnsupportedMediaType",
    "HTTPUpgradeRequired",
    "HTTPUseProxy",
    "HTTPVariantAlsoNegotiates",
    "HTTPVersionNotSupported",
    "Handler",
    "Health",
    "JSONAccessFormatter",
    "Middleware",
    "MountDef",
    "MountResource",
    "MultipartLimits",
    "NamedPipeSite",
    "NotAppKeyWarning",
    "PAYLOAD_REGISTRY",
    "Payload",
    "PayloadAccessError",
    "PlainResource",
    "PrefixedSubAppResource",
    "PreparedMessage",
    "REQUEST_ID",
    "Request",
    "RequestHandler",
    "RequestIdFilter",
    "RequestKey",
    "RequestPayloadError",
    "Resource",
    "ResourceRoute",
    "Response",
    "ResponseKey",
    "RouteDef",
    "RouteTableDef",
    "Server",
    "ServerConfig",
    "ServerRunner",
    "ServerSentEvent",
    "SharedSite",
    "SockSite",
    "SpoolPolicy",
    "StaticDef",
    "StaticResource",
    "StreamResponse",
    "SystemRoute",
    "TCPSite",
    "TooManyTasksError",
    "TrustedProxies",
    "UnixSite",
    "UrlDispatcher",
    "UrlMappingMatchInfo",
    "View",
    "WSCloseCode",
    "WSMessage",
    "WSMessageBinary",
    "WSMessageClose",
    "WSMessageClosed",
    "WSMessageClosing",
    "WSMessageContinuation",
    "WSMessageDecodeText",
    "WSMessageError",
    "WSMessageNoDecodeText",
    "WSMessagePing",
    "WSMessagePong",
    "WSMessageText",
    "WSMessageTextBytes",
    "WSMessageTypeError",
    "WSMsgType",
    "WebSocketError",
    "WebSocketReady",
    "WebSocketResponse",
    "broadcast",
    "content_disposition_header",
    "create_ssl_context",
    "delete",
    "get",
    "get_payload",
    "head",
    "html_response",
    "json_bytes_response",
    "json_response",
    "middleware",
    "mount",
    "mount_wsgi",
    "normalize_path_middleware",
    "options",
    "patch",
    "payload_type",
    "post",
    "put",
    "request_id_middleware",
    "route",
    "run_app",
    "sse_response",
    "static",
    "view",
]


def exported(module: ModuleType) -> list[str]:
    """Return ``__all__``, which type checkers do not see: they read the imports."""
    names: list[str] = vars(module)["__all__"]
    return names


def test_the_names_are_exactly_these() -> None:
    assert sorted(exported(web)) == NAMES


def test_the_names_are_those_of_the_packages() -> None:
    for name in NAMES:
        value = getattr(web, name)
        packages = (
            treadle_responses, treadle_router, treadle_server, treadle_multipart, treadle_websocket,
            treadle.http_websocket,
        )  # fmt: skip
        owners = [package for package in packages if hasattr(package, name)]
        assert any(getattr(owner, name) is value for owner in owners), name


# The names that aiohttp has outside of ``web`` and server code imports.
TOP_LEVEL = [
    "AsyncIterablePayload",
    "BadContentDispositionHeader",
    "BadContentDispositionParam",
    "BasicAuth",
    "BodyPartReader",
    "BufferedReaderPayload",
    "BytesIOPayload",
    "BytesPayload",
    "ChainMapProxy",
    "ClientConnectionResetError",
    "DataQueue",
    "EMPTY_PAYLOAD",
    "ETag",
    "EofStream",
    "HttpVersion",
    "HttpVersion10",
    "HttpVersion11",
    "IOBasePayload",
    "JsonPayload",
    "MultipartReader",
    "MultipartWriter",
    "PAYLOAD_REGISTRY",
    "Payload",
    "StreamReader",
    "StringIOPayload",
    "StringPayload",
    "TextIOPayload",
    "WSCloseCode",
    "WSMessage",
    "WSMessageTypeError",
    "WSMsgType",
    "WebSocketError",
    "__version__",
    "content_disposition_filename",
    "encode_basic_auth",
    "get_payload",
    "hdrs",
    "parse_content_disposition",
    "payload_type",
    "set_zlib_backend",
]


def test_the_top_level() -> None:
    assert sorted(exported(treadle)) == TOP_LEVEL
    for name in TOP_LEVEL:
        assert hasattr(treadle, name)
    for name in set(treadle.multipart.__all__) & set(TOP_LEVEL):
        assert getattr(treadle.multipart, name) is getattr(treadle, name)


@pytest.mark.parametrize(
    "module",
    [
        "aiohttp",
        "argparse",
        "h11",
        "treadle_multipart",
        "treadle_testing",
        "treadle_websocket",
        "wsproto",
    ],
)
def test_a_hello_world_does_not_load(module: str) -> None:
    code = f"import sys; from treadle import web; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_it_is_a_command() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "treadle.web", "no_such_module:app"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 2
    assert "unable to import no_such_module" in run.stderr
    assert "Traceback" not in run.stderr


def test_names_that_are_imported_late_are_listed() -> None:
    assert set(NAMES) <= set(dir(web))


def test_main_looks_up_its_helpers_in_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[object] = []
    module = ModuleType("a")
    module.func = lambda arguments: arguments  # type: ignore[attr-defined]  # a fake module

    def refuse(parser: argparse.ArgumentParser, message: str) -> NoReturn:
        raise SystemExit(message)

    monkeypatch.setattr("treadle.web.import_module", lambda name: module)
    monkeypatch.setattr("treadle.web.run_app", lambda app, **options: served.append(app))
    monkeypatch.setattr("treadle.web.ArgumentParser.error", refuse)
    with pytest.raises(SystemExit) as caught:
        web.main(["a:func", "more"])
    assert (caught.value.code, served) == (0, [["more"]])
    with pytest.raises(SystemExit, match="not in 'module:function' syntax"):
        web.main([""])


@pytest.mark.parametrize(
    "name",
    [
        "hdrs", "helpers", "http", "http_exceptions", "http_parser", "http_websocket", "multipart",
        "payload", "streams", "web_app", "web_exceptions", "web_fileresponse", "web_log",
        "web_middlewares", "web_protocol", "web_request", "web_response", "web_routedef",
        "web_runner", "web_server", "web_urldispatcher", "web_ws",
    ],
)  # fmt: skip
def test_constants_of_the_twins_are_those_of_aiohttp(name: str) -> None:
    ours = importlib.import_module(f"treadle.{name}")
    theirs = importlib.import_module(f"aiohttp.{name}")
    kinds = (str, bytes, int, frozenset, set, MappingProxyType)
    for constant in getattr(ours, "__all__", dir(ours)):
        value = getattr(theirs, constant, None)
        # The names of the two differ, and aiohttp's TOKEN has a tab, which no token has.
        if constant in ("SERVER_SOFTWARE", "TOKEN") or not constant.isupper():
            continue
        if isinstance(value, kinds) and hasattr(ours, constant):
            own = getattr(ours, constant)
            # aiohttp spells ``ETag`` in another way; names of fields have no case.
            if isinstance(value, str):
                own, value = own.lower(), value.lower()
            assert own == value, constant
    assert ours.__doc__
