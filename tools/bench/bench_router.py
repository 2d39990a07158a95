"""Time treadle-router beside its peers on the routes of a GitHub-like REST API.

Each router gets the same 134 routes and is asked once for each of them per round, without any
cache; the number is the median over the rounds of the mean time of a match. Peers are measured in
the same run, in turn, if they can be imported: aiohttp, falcon, sanic-routing, starlette, werkzeug.
A second table shows treadle-router alone with 10 to 10,000 routes.

    python tools/bench/bench_router.py [--rounds 300] [--json]
"""

import argparse
import json
import re
import statistics
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import count
from time import perf_counter
from types import SimpleNamespace
from typing import Any

from treadle_router import Match, Router

REPO = "/repos/{owner}/{repo}"
# Method and path, ``@`` for a repository: the public REST routes that router benchmarks have used
# for years.
LISTING = """\
GET /authorizations
GET /authorizations/{id}
POST /authorizations
DELETE /authorizations/{id}
GET /applications/{client_id}/tokens/{access_token}
DELETE /applications/{client_id}/tokens
DELETE /applications/{client_id}/tokens/{access_token}
GET /events
GET @/events
GET /networks/{owner}/{repo}/events
GET /orgs/{org}/events
GET /users/{user}/received_events
GET /users/{user}/received_events/public
GET /users/{user}/events
GET /users/{user}/events/public
GET /users/{user}/events/orgs/{org}
GET /feeds
GET /notifications
GET @/notifications
PUT /notifications
PUT @/notifications
GET /notifications/threads/{id}
GET /notifications/threads/{id}/subscription
PUT /notifications/threads/{id}/subscription
DELETE /notifications/threads/{id}/subscription
GET @/stargazers
GET /users/{user}/starred
GET /user/starred
GET /user/starred/{owner}/{repo}
PUT /user/starred/{owner}/{repo}
DELETE /user/starred/{owner}/{repo}
GET @/subscribers
GET /users/{user}/subscriptions
GET /user/subscriptions
GET @/subscription
PUT @/subscription
DELETE @/subscription
GET /users/{user}/gists
GET /gists
GET /gists/{id}
POST /gists
PUT /gists/{id}/star
DELETE /gists/{id}/star
GET /gists/{id}/star
POST /gists/{id}/forks
DELETE /gists/{id}
GET @/git/blobs/{sha}
POST @/git/blobs
GET @/git/commits/{sha}
POST @/git/commits
GET @/git/refs
POST @/git/refs
GET @/git/tags/{sha}
POST @/git/tags
GET @/git/trees/{sha}
POST @/git/trees
GET /issues
GET /user/issues
GET /orgs/{org}/issues
GET @/issues
GET @/issues/{number}
POST @/issues
GET @/assignees
GET @/assignees/{assignee}
GET @/issues/{number}/comments
POST @/issues/{number}/comments
GET @/issues/{number}/events
GET @/labels
GET @/labels/{name}
POST @/labels
DELETE @/labels/{name}
GET @/issues/{number}/labels
POST @/issues/{number}/labels
DELETE @/issues/{number}/labels/{name}
PUT @/issues/{number}/labels
DELETE @/issues/{number}/labels
GET @/milestones/{number}/labels
GET @/milestones
GET @/milestones/{number}
POST @/milestones
DELETE @/milestones/{number}
GET /emojis
GET /gitignore/templates
GET /gitignore/templates/{name}
POST /markdown
POST /markdown/raw
GET /meta
GET /rate_limit
GET /users/{user}/orgs
GET /user/orgs
GET /orgs/{org}
GET /orgs/{org}/members
GET /orgs/{org}/members/{user}
DELETE /orgs/{org}/members/{user}
GET /orgs/{org}/public_members
GET /orgs/{org}/public_members/{user}
PUT /orgs/{org}/public_members/{user}
DELETE /orgs/{org}/public_members/{user}
GET /orgs/{org}/teams
GET /teams/{id}
POST /orgs/{org}/teams
DELETE /teams/{id}
GET /teams/{id}/members
GET /teams/{id}/members/{user}
PUT /teams/{id}/members/{user}
DELETE /teams/{id}/members/{user}
GET /teams/{id}/repos
GET /teams/{id}/repos/{owner}/{repo}
PUT /teams/{id}/repos/{owner}/{repo}
DELETE /teams/{id}/repos/{owner}/{repo}
GET /user/teams
GET @/pulls
GET @/pulls/{number}
POST @/pulls
GET @/pulls/{number}/commits
GET @/pulls/{number}/files
GET @/pulls/{number}/merge
PUT @/pulls/{number}/merge
GET @/pulls/{number}/comments
PUT @/pulls/{number}/comments
GET /user/repos
GET /users/{user}/repos
GET /orgs/{org}/repos
POST /user/repos
POST /orgs/{org}/repos
GET @
GET @/contributors
GET @/languages
GET @/teams
GET @/tags
GET @/branches
GET @/branches/{branch}
DELETE @
GET @/collaborators
"""
ROUTES = tuple(
    (method, path.replace("@", REPO)) for method, path in map(str.split, LISTING.splitlines())
)
VARIABLE = re.compile(r"\{(\w+)\}")

Ask = Callable[[str, str], object]


def requests() -> list[tuple[str, str]]:
    """Return a method and a concrete path for each route."""
    return [(method, VARIABLE.sub(r"a-\1-7", path)) for method, path in ROUTES]


def renamed(path: str, name: str) -> str:
    """Return ``path`` with each variable replaced by ``name``, in which ``@`` is its number."""
    numbers = count()
    return VARIABLE.sub(lambda _: name.replace("@", str(next(numbers))), path)


def handler() -> None:
    """Stand for a handler."""


# One function a router: register the routes, return what to time.


def treadle() -> Ask:
    """Time the matcher, its parameters included."""
    router: Router[Callable[[], None]] = Router()
    for method, path in ROUTES:
        router.add_route(method, path, handler)
    return router.freeze().match


def aiohttp() -> Ask:
    """Time ``UrlDispatcher.resolve``, driven without an event loop (it never waits)."""
    from aiohttp.web import UrlDispatcher
    from yarl import URL

    async def answer(request: Any) -> Any:
        """Stand for a handler."""

    router = UrlDispatcher()
    for method, path in ROUTES:
        router.add_route(method, path, answer)

    # The attributes of a request that ``resolve`` reads, made outside of the measured time.
    prepared = {
        (method, path): SimpleNamespace(method=method, rel_url=URL.build(path=path, encoded=True))
        for method, path in requests()
    }

    def ask(method: str, path: str) -> object:
        coroutine = router.resolve(prepared[method, path])  # type: ignore[arg-type]  # see above
        try:
            coroutine.send(None)
        except StopIteration as stop:
            return stop.value.http_exception is None
        raise RuntimeError("resolve() waited for something")

    return ask


def falcon() -> Ask:
    """Time falcon's compiled router and the look-up of the method that an app does next."""
    falcon_routing: Any = import_module("falcon.routing")
    methods: dict[str, set[str]] = {}
    for method, path in ROUTES:
        methods.setdefault(path, set()).add(method)
    router = falcon_routing.CompiledRouter()
    for number, (path, allowed) in enumerate(methods.items()):
        # falcon refuses a second name for a variable at the same place.
        uniform = renamed(path, "{p@}")
        responders = {f"on_{method.lower()}": lambda *_, **__: None for method in allowed}
        router.add_route(uniform, type(f"Resource{number}", (), responders)())

    def ask(method: str, path: str) -> object:
        found = router.find(path)
        return found and found[1][method] and found

    return ask


def sanic_routing() -> Ask:
    """Time the generated function of sanic-routing, through its public ``resolve``."""
    sanic: Any = import_module("sanic_routing")
    # ``get`` is its only abstract method.
    concrete = type("SanicRouter", (sanic.BaseRouter,), {"get": lambda *arguments: arguments})
    router = concrete(exception=sanic.exceptions.NotFound)
    for method, path in ROUTES:
        router.add(renamed(path, "<p@>"), handler, methods=[method])
    router.finalize()
    return lambda method, path: router.resolve(path, method=method)


def starlette() -> Ask:
    """Time the loop over the routes that Starlette's router runs."""
    starlette_routing: Any = import_module("starlette.routing")
    full = starlette_routing.Match.FULL

    async def answer(request: Any) -> Any:
        """Stand for a handler."""

    routes = [starlette_routing.Route(path, answer, methods=[method]) for method, path in ROUTES]

    def ask(method: str, path: str) -> object:
        scope = {"type": "http", "method": method, "path": path, "root_path": ""}
        for candidate in routes:
            outcome, child = candidate.matches(scope)
            if outcome is full:
                return child
        return None

    return ask


def werkzeug() -> Ask:
    """Time a bound map."""
    werkzeug_routing: Any = import_module("werkzeug.routing")
    rules = [
        werkzeug_routing.Rule(
            VARIABLE.sub(r"<\1>", path), methods=[method], endpoint=f"{method} {path}"
        )
        for method, path in ROUTES
    ]
    adapter = werkzeug_routing.Map(rules).bind("example.com")
    return lambda method, path: adapter.match(path, method)


ROUTERS: tuple[tuple[str, Callable[[], Ask]], ...] = (
    ("treadle-router", treadle),
    ("falcon", falcon),
    ("sanic-routing", sanic_routing),
    ("werkzeug", werkzeug),
    ("aiohttp", aiohttp),
    ("starlette", starlette),
)


def time_round(ask: Ask, asked: list[tuple[str, str]]) -> float:
    """Return the mean time of one match over ``asked``, in microseconds."""
    start = perf_counter()
    for method, path in asked:
        ask(method, path)
    return (perf_counter() - start) / len(asked) * 1e6


def compare(rounds: int) -> dict[str, float]:
    """Return the median time of each router, in microseconds; rounds of all are interleaved."""
    asks: dict[str, Ask] = {}
    for name, build in ROUTERS:
        try:
            asks[name] = build()
        except ImportError as error:
            print(f"{name}: not measured ({error})", file=sys.stderr)
    asked = requests()
    for name, ask in asks.items():
        missing = [request for request in asked if not ask(*request)]
        if missing:
            raise SystemExit(f"{name} does not find {missing[:3]}")
    times: dict[str, list[float]] = {name: [] for name in asks}
    for _ in range(rounds):
        for name, ask in asks.items():
            time_round(ask, asked)  # brings its code and data back into the processor's caches
            times[name].append(time_round(ask, asked))
    return {name: statistics.median(values) for name, values in times.items()}


def grown(size: int) -> Iterator[tuple[str, str]]:
    """Yield ``size`` routes of a large API: services with collections, some fixed, some not."""
    for number in range(size):
        service, kind = divmod(number, 5)
        yield (
            "GET",
            (
                f"/service{service}/items/{{item}}",
                f"/service{service}/items/{{item}}/parts/{{part}}",
                f"/service{service}/{{owner}}/settings",
                f"/service{service}/status",
                f"/service{service}/users/{{user}}",
            )[kind],
        )


def grow(size: int, rounds: int) -> tuple[float, float, float]:
    """Return the time to build ``size`` routes (s) and to match in them (us): near, spread.

    *Near* asks for the same ten routes at every size; *spread* asks for up to 1,000 of all, where
    the caches of the processor are measured as well.
    """
    start = perf_counter()
    router: Router[Callable[[], None]] = Router()
    for method, path in grown(size):
        router.add_route(method, path, handler)
    matcher = router.freeze()
    built = perf_counter() - start
    paths = [VARIABLE.sub(r"a-\1-7", path) for _, path in grown(size)]
    near = [("GET", path) for path in paths[:5] + paths[-5:]]
    spread = [("GET", path) for path in paths[:: max(1, size // 1000)]]
    for asked in (near, spread):
        assert all(isinstance(matcher.match(*request), Match) for request in asked)
    near_time = statistics.median(time_round(matcher.match, near * 20) for _ in range(rounds))
    spread_time = statistics.median(time_round(matcher.match, spread) for _ in range(rounds // 4))
    return built, near_time, spread_time


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    times = compare(options.rounds)
    growth = {size: grow(size, options.rounds) for size in (10, 100, 1000, 10_000)}
    if options.json:
        print(json.dumps({"us_per_match": times, "growth": growth}))
        return
    print(f"{len(ROUTES)} routes, Python {sys.version.split()[0]}, us per match")
    for name, value in sorted(times.items(), key=lambda item: item[1]):
        print(f"{name:>14} {value:8.2f}   x{value / times['treadle-router']:.2f}")
    print("\nroutes   build s   near us   spread us")
    for size, (built, near, spread) in growth.items():
        print(f"{size:>6} {built:9.3f} {near:9.2f} {spread:11.2f}")


if __name__ == "__main__":
    main()
