"""Handlers in middlewares: the order of calls, and the current application in each."""

import pytest

from testkit import Run, serve
from treadle_responses import AppKey, Response, StreamResponse
from treadle_server import Application, Handler, Middleware, Request

NAME = AppKey("name", str)


def app(name: str, *middlewares: Middleware) -> Application:
    made = Application(middlewares=middlewares)
    made[NAME] = name
    return made


def ask(method: str, path: str) -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


class Log:
    """A record of the calls, each with the name of ``request.app`` at that time."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def middleware(self, name: str) -> Middleware:
        async def middleware(request: Request, handler: Handler) -> StreamResponse:
            self.seen.append((name, request.app[NAME]))
            try:
                return await handler(request)
            finally:
                self.seen.append((f"/{name}", request.app[NAME]))

        return middleware

    def watch(self, app: Application, name: str) -> None:
        async def prepare(request: Request, response: StreamResponse) -> None:
            assert request.match_info.apps[0] is request.match_info.apps[0]
            self.seen.append((f"prepare {name}", request.app[NAME]))

        app.on_response_prepare.append(prepare)

    async def handler(self, request: Request) -> Response:
        self.seen.append(("handler", request.app[NAME]))
        return Response()


INSIDE = [
    ("top", "top"), ("sub", "sub"), ("deep", "deep"), ("handler", "deep"),
    ("/deep", "deep"), ("/sub", "sub"), ("/top", "top"),
    ("prepare top", "deep"), ("prepare sub", "deep"), ("prepare deep", "deep"),
]  # fmt: skip
CHAINS = [
    ("GET", "/sub/deep/x", INSIDE),
    ("GET", "/sub/deep/nothing", [entry for entry in INSIDE if entry[0] != "handler"]),
    ("PUT", "/sub/deep/x", [entry for entry in INSIDE if entry[0] != "handler"]),
    (
        "GET",
        "/sub/nothing",
        [
            ("top", "top"), ("sub", "sub"), ("/sub", "sub"), ("/top", "top"),
            ("prepare top", "sub"), ("prepare sub", "sub"),
        ],
    ),
    ("GET", "/nothing", [("top", "top"), ("/top", "top"), ("prepare top", "top")]),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "expected"), CHAINS)
def test_middlewares_and_signals_run_from_outside_in(
    run: Run, method: str, path: str, expected: list[tuple[str, str]]
) -> None:
    async def main() -> None:
        log = Log()
        apps = [app(name, log.middleware(name)) for name in ("top", "sub", "deep")]
        top, sub, deep = apps
        deep.router.add_get("/x", log.handler)
        for one, name in zip(apps, ("top", "sub", "deep"), strict=True):
            log.watch(one, name)
        sub.add_subapp("/deep", deep)
        top.add_subapp("/sub", sub)
        async with serve(top) as connect:
            peer = await connect()
            for _ in range(2):  # the second time from what was kept
                log.seen.clear()
                await peer.send(ask(method, path))
                await peer.response()
                assert log.seen == expected

    run(main())


@pytest.mark.parametrize("with_middleware", ["top", "sub", "deep", "none"])
def test_the_current_application(run: Run, with_middleware: str) -> None:
    async def main() -> None:
        log = Log()
        top, sub, deep = (
            app(n, *((log.middleware(n),) if n == with_middleware else ()))
            for n in ("top", "sub", "deep")
        )
        deep.router.add_get("/x", log.handler)
        sub.add_subapp("/deep", deep)
        top.add_subapp("/sub", sub)
        async with serve(top) as connect:
            peer = await connect()
            await peer.send(ask("GET", "/sub/deep/x"))
            await peer.response()
        assert ("handler", "deep") in log.seen
        assert set(log.seen) - {("handler", "deep")} == (
            set()
            if with_middleware == "none"
            else {(with_middleware, with_middleware), (f"/{with_middleware}", with_middleware)}
        )

    run(main())
