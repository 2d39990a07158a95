"""The dispatcher beside aiohttp's: the same routes, sub-applications and hosts in both.

Each generated application is built twice and asked for the same requests. Handler, variables and
chain of applications must be the same, or the status and the methods of ``Allow``, except where
``INTENDED`` says otherwise.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import aiohttp.web
import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

import treadle_server
from treadle_responses import Response
from treadle_server import Application, Request

#: What answers: the number of the route, or a status. Then variables or methods, then the apps.
Outcome = tuple[object, object, list[str]]


@dataclass(frozen=True)
class Route:
    method: str
    path: str


@dataclass(frozen=True)
class Sub:
    prefix: str
    app: "App"


@dataclass(frozen=True)
class Host:
    rule: str
    app: "App"


@dataclass(frozen=True)
class App:
    parts: "tuple[Route | Sub | Host, ...]"


class Built:
    """An application of either library, with the names of its parts."""

    def __init__(self, spec: App, make: Callable[[], Any], response: Callable[[], Any]) -> None:
        self._make = make
        self._response = response
        self._names: dict[int, str] = {}
        self._apps: list[Any] = []
        self.refused: list[tuple[str, str]] = []
        self.app = self._build(spec, "app")
        self.app.freeze()

    def _build(self, spec: App, name: str) -> Any:
        app = self._make()
        self._apps.append(app)
        self._names[id(app)] = name
        for number, part in enumerate(spec.parts):
            inner = f"{name}.{number}"
            if isinstance(part, Route):
                try:
                    app.router.add_route(part.method, part.path, self._handler(inner))
                except (ValueError, RuntimeError) as error:
                    kind = "path" if isinstance(error, ValueError) else "taken"
                    self.refused.append((part.path, kind))
            elif isinstance(part, Sub):
                app.add_subapp(part.prefix, self._build(part.app, inner))
            else:
                app.add_domain(part.rule, self._build(part.app, inner))
        return app

    def _handler(self, name: str) -> Callable[[Any], Awaitable[Any]]:
        async def handler(request: Any) -> Any:
            return self._response()

        handler.__name__ = name
        return handler

    async def ask(self, request: Any) -> Outcome:
        info = await self.app.router.resolve(request)
        info.add_app(self.app)
        apps = [self._names[id(app)] for app in info.apps]
        error = info.http_exception
        if error is not None:
            return error.status, sorted(getattr(error, "allowed_methods", ())), apps
        return info.handler.__name__, dict(info), apps


def theirs(method: str, path: str, host: str) -> Any:
    request = make_mocked_request(method, "/", headers={"Host": host})
    # The mock's own way to a URL takes ``//x`` for a host, which a server does not.
    request._rel_url = URL.build(path=path, encoded=True)
    return request


def both(spec: App) -> tuple[Built, Built]:
    return (
        Built(spec, aiohttp.web.Application, aiohttp.web.Response),
        Built(spec, Application, Response),
    )


# Fixed text that is not percent-encoded and needs no encoding; see INTENDED for the rest.
SEGMENTS = st.sampled_from(
    ["a", "b", "c", "", "{x}", "{y:a|b}", "{t:.*}", "{z}.x", r"{n:\d+}", "{s:[^/]+}-{u}"]
)
FIXED = st.sampled_from(["a", "b", "é", "a b", "ü b", ""])


def paths(segments: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(segments, max_size=3).map(lambda parts: "/" + "/".join(parts)) | st.just("")


ROUTES = st.builds(
    Route, st.sampled_from(["GET", "POST", "*"]), paths(SEGMENTS) | paths(FIXED)
)  # fmt: skip
PREFIXES = st.sampled_from(["/a", "/b", "/a/b", "/b/a", "/c"])


def apps(depth: int) -> st.SearchStrategy[App]:
    part: st.SearchStrategy[Route | Sub | Host] = ROUTES
    if depth:
        part = st.one_of(ROUTES, ROUTES, ROUTES, st.builds(Sub, PREFIXES, apps(depth - 1)))
    return st.builds(App, st.lists(part, max_size=6).map(tuple))


TOPS = st.builds(
    App,
    st.lists(
        st.one_of(
            ROUTES,
            ROUTES,
            ROUTES,
            st.builds(Sub, PREFIXES, apps(2)),
            st.builds(Host, st.sampled_from(["example.com", "*.example.com", "h.org:81"]), apps(1)),
        ),
        max_size=8,
    ).map(tuple),
)
ASKED = st.tuples(
    st.sampled_from(["GET", "POST", "PUT", "OPTIONS"]),
    st.lists(
        st.sampled_from(
            [
                "a",
                "b",
                "c",
                "x",
                "1",
                "%C3%A9",
                "%61",
                "a%2Fb",
                "a%20b",
                "z.x",
                "p-q",
                "%25",
                "..",
                ".",
                "%2e%2e",
                "{x}",
                "",
            ]
        ),
        min_size=1,
        max_size=4,
    ).map(lambda parts: "/" + "/".join(parts)),
    st.sampled_from(["example.com", "www.example.com", "h.org:81", "h.org", "localhost"]),
)


@settings(
    deadline=None,
    max_examples=120,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(TOPS, st.lists(ASKED, min_size=1, max_size=12))
def test_the_same_answers(
    request_to: Callable[..., Request], spec: App, asked: list[tuple[str, str, str]]
) -> None:
    their, our = both(spec)
    assert our.refused == their.refused

    async def compare() -> None:
        for method, path, host in asked:
            expected = await their.ask(theirs(method, path, host))
            answer = await our.ask(request_to(method, path, host))
            assert answer == expected, (method, path, host)

    asyncio.run(compare())


# Where the answers differ on purpose: a route, a request, their answer and ours, and the reason.
ENCODED: Final = "aiohttp compares the encoded text with the decoded path, so nothing matches"
INTENDED: Final = [
    (Route("GET", "/é/{x}"), "/%C3%A9/1", 404, "app.0", ENCODED),
    (Route("GET", "/a b/{x}"), "/a%20b/1", 404, "app.0", ENCODED),
    (Route("GET", "/%C3%A9"), "/%C3%A9", 404, "app.0", ENCODED),
    (Route("GET", "/a%20b"), "/a%20b", 404, "app.0", ENCODED),
    (Sub("/é", App((Route("GET", "/x"),))), "/%C3%A9/x", 404, "app.0.0", ENCODED),
    (
        Route("GET", "/{id!int}"), "/7", "refused", "app.0",
        "aiohttp has no converters and refuses the path",
    ),
    (Route("GET", "/p"), "*", 404, 204, "OPTIONS * asks about the server"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("part", "path", "expected", "answer", "reason"), INTENDED, ids=range(len(INTENDED))
)
def test_intended_differences(
    request_to: Callable[..., Request],
    part: Route | Sub,
    path: str,
    expected: object,
    answer: object,
    reason: str,
) -> None:
    method = "OPTIONS" if path == "*" else "GET"
    their, our = both(App((part,)))
    if expected == "refused":
        assert their.refused, reason
    else:
        assert asyncio.run(their.ask(theirs(method, path, "h")))[0] == expected, reason
    assert asyncio.run(our.ask(request_to(method, path, "h")))[0] == answer, reason


def test_an_application_in_two_places() -> None:
    """aiohttp takes one twice and puts both prefixes before its paths; we refuse the second."""
    inner = aiohttp.web.Application()
    outer = aiohttp.web.Application()
    outer.add_subapp("/a", inner)
    outer.add_subapp("/b", inner)
    ours = Application()
    top = Application()
    top.add_subapp("/a", ours)
    with pytest.raises(RuntimeError, match="already"):
        top.add_subapp("/b", ours)


def test_the_surface_of_the_dispatcher() -> None:
    """Every public method of aiohttp's router, resources and match exists here."""
    missing = []
    for name in (
        "UrlDispatcher", "UrlMappingMatchInfo", "AbstractResource", "Resource", "PlainResource",
        "DynamicResource", "PrefixedSubAppResource", "AbstractRoute", "ResourceRoute",
        "Application",
    ):  # fmt: skip
        missing += [
            f"{name}.{attribute}"
            for attribute in dir(getattr(aiohttp.web, name))
            if not attribute.startswith("_")
            and not hasattr(getattr(treadle_server, name), attribute)
        ]
    # Added with the resource that serves files.
    assert set(missing) <= {"UrlDispatcher.add_static"}
