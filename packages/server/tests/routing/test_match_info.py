"""The results of routing, and their applications."""

import contextlib
import sys
from collections.abc import Callable

import pytest

from treadle_responses import HTTPNotFound, Response
from treadle_router import Match
from treadle_server import Application, MatchInfoError, Request, SystemRoute, UrlMappingMatchInfo


async def handler(request: Request) -> Response:
    return Response()


def test_match_info_has_strings_and_converted_values() -> None:
    router = Application().router
    router.add_get("/{id!int}/{name}", handler)
    found = router.match("GET", "/42/x%20y")
    assert isinstance(found, Match)
    info = UrlMappingMatchInfo.of(found)
    assert info == {"id": "42", "name": "x y"}
    assert info.converted == {"id": 42, "name": "x y"}
    assert info.handler is handler
    assert info.http_exception is None
    assert "id" in repr(info)


def test_the_route_of_an_error() -> None:
    route = SystemRoute(HTTPNotFound())
    assert (route.status, route.reason, route.name, route.resource) == (
        404,
        "Not Found",
        None,
        None,
    )
    assert repr(route) == "<SystemRoute 404: Not Found>"
    with pytest.raises(RuntimeError, match="no URL"):
        route.url_for()


def test_the_applications_of_a_match() -> None:
    top, sub, other = Application(), Application(), Application()
    info = UrlMappingMatchInfo({}, top.router.add_get("/", handler))
    for kind in (RuntimeError, AssertionError):
        with pytest.raises(kind, match="add_app"):
            info.current_app  # noqa: B018  # asking is what fails
    info.add_app(sub)
    info.add_app(top)
    assert info.apps == (top, sub)
    assert info.current_app is sub
    info.current_app = top
    assert info.current_app is top
    with (
        pytest.raises(RuntimeError, match="Expected one of the following apps")
        if sys.flags.dev_mode
        else contextlib.nullcontext()
    ):
        info.current_app = other
    info.freeze()
    with pytest.raises(RuntimeError, match="Cannot change apps stack"):
        info.add_app(other)
    assert info.get_info() == {"path": "/"}


def test_the_match_of_an_error() -> None:
    error = HTTPNotFound()
    info = MatchInfoError(error)
    assert info.http_exception is error
    assert info.get_info() == {"http_exception": error}
    assert isinstance(info.route, SystemRoute)
    assert repr(info) == "<MatchInfoError 404: Not Found>"


def test_a_request_has_an_application_once_it_is_routed(
    request_to: Callable[..., Request],
) -> None:
    request = request_to("GET", "/")
    for name in ("app", "match_info", "config_dict"):
        with pytest.raises(RuntimeError, match="not routed yet"):
            getattr(request, name)
    assert (request.client_max_size, request.client_max_fields) == (1024**2, 1000)
    app = Application(client_max_size=7)
    info = request._match_info = UrlMappingMatchInfo({}, app.router.add_get("/", handler))
    request._routed = info.route_context
    info.add_app(app)
    assert request.app is app
    assert request.client_max_size == 7
