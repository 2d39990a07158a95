"""The names of ``treadle.web`` and what importing them costs."""

import subprocess
import sys

import pytest

import treadle
import treadle.multipart
import treadle_multipart
import treadle_responses
import treadle_router
import treadle_server
import treadle_websocket
from treadle import web

# Of section 0.1 of aiohttp's ``web.__all__``, what this version has; the rest is still to come.
NAMES = {
    "AbstractResource",
    "AbstractRoute",
    "AbstractRouteDef",
    "AppKey",
    "AppRunner",
    "Application",
    "BaseRequest",
    "BaseRunner",
    "BaseSite",
    "CleanupError",
    "ContentCoding",
    "DynamicResource",
    "FileField",
    "FileResponse",
    "GracefulExit",
    "PayloadAccessError",
    "PlainResource",
    "PrefixedSubAppResource",
    "Request",
    "RequestKey",
    "RequestPayloadError",
    "Resource",
    "ResourceRoute",
    "Response",
    "ResponseKey",
    "RouteDef",
    "RouteTableDef",
    "Server",
    "ServerRunner",
    "SockSite",
    "StaticDef",
    "StaticResource",
    "StreamResponse",
    "TCPSite",
    "UnixSite",
    "UrlDispatcher",
    "UrlMappingMatchInfo",
    "View",
    "WSMsgType",
    "WebSocketReady",
    "WebSocketResponse",
    "delete",
    "get",
    "head",
    "json_response",
    "middleware",
    "normalize_path_middleware",
    "options",
    "patch",
    "post",
    "put",
    "route",
    "run_app",
    "static",
    "view",
}


def test_the_names_of_aiohttp_web() -> None:
    assert set(web.__all__) >= NAMES
    assert len([name for name in web.__all__ if name.startswith("HTTP")]) == 64


def test_the_names_are_those_of_the_packages() -> None:
    for name in web.__all__:
        value = getattr(web, name)
        packages = (
            treadle_responses, treadle_router, treadle_server, treadle_multipart, treadle_websocket,
        )  # fmt: skip
        owners = [package for package in packages if hasattr(package, name)]
        assert any(getattr(owner, name) is value for owner in owners), name


def test_the_top_level() -> None:
    for name in treadle.__all__:
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
    assert set(web.__all__) <= set(dir(web))
