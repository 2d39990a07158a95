"""The names of ``treadle.web`` and what importing them costs."""

import subprocess
import sys
from types import ModuleType

import pytest

import treadle
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
    "BaseRequest",
    "BaseRunner",
    "BaseSite",
    "CleanupError",
    "ContentCoding",
    "Converter",
    "DeflatePolicy",
    "DynamicResource",
    "ETag",
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
    "Middleware",
    "MultipartLimits",
    "PAYLOAD_REGISTRY",
    "Payload",
    "PayloadAccessError",
    "PlainResource",
    "PrefixedSubAppResource",
    "PreparedMessage",
    "Request",
    "RequestHandler",
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
    "SockSite",
    "SpoolPolicy",
    "StaticDef",
    "StaticResource",
    "StreamResponse",
    "SystemRoute",
    "TCPSite",
    "UnixSite",
    "UrlDispatcher",
    "UrlMappingMatchInfo",
    "View",
    "WSCloseCode",
    "WSMessage",
    "WSMessageTypeError",
    "WSMsgType",
    "WebSocketError",
    "WebSocketReady",
    "WebSocketResponse",
    "broadcast",
    "content_disposition_header",
    "delete",
    "get",
    "get_payload",
    "head",
    "html_response",
    "json_bytes_response",
    "json_response",
    "middleware",
    "normalize_path_middleware",
    "options",
    "patch",
    "payload_type",
    "post",
    "put",
    "route",
    "run_app",
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
        )  # fmt: skip
        owners = [package for package in packages if hasattr(package, name)]
        assert any(getattr(owner, name) is value for owner in owners), name


# The names that aiohttp has outside of ``web`` and server code imports.
TOP_LEVEL = [
    "BadContentDispositionHeader",
    "BadContentDispositionParam",
    "BodyPartReader",
    "ClientConnectionResetError",
    "ETag",
    "HttpVersion",
    "HttpVersion10",
    "HttpVersion11",
    "MultipartReader",
    "MultipartWriter",
    "StreamReader",
    "WSCloseCode",
    "WSMessage",
    "WSMessageTypeError",
    "WSMsgType",
    "WebSocketError",
    "__version__",
    "content_disposition_filename",
    "parse_content_disposition",
]


def test_the_top_level() -> None:
    assert sorted(exported(treadle)) == TOP_LEVEL
    for name in TOP_LEVEL:
        assert hasattr(treadle, name)
    for name in treadle.multipart.__all__:
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
    assert "unable to import 'no_such_module'" in run.stderr
    assert "Traceback" not in run.stderr


def test_names_that_are_imported_late_are_listed() -> None:
    assert set(NAMES) <= set(dir(web))
