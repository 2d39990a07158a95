"""Handlers in a class: methods of an object share what the object has."""

from treadle import web


class Counter:
    """Counts greetings."""

    def __init__(self) -> None:
        self.greeted = 0

    async def intro(self, request: web.Request) -> web.Response:
        return web.Response(text=f"{self.greeted} greeted so far")

    async def greet(self, request: web.Request) -> web.Response:
        self.greeted += 1
        name = request.match_info.get("name", "stranger")
        return web.Response(text=f"Hello, {name}")


def init_func(argv: list[str]) -> web.Application:
    counter = Counter()
    app = web.Application()
    app.add_routes(
        [
            web.get("/intro", counter.intro),
            web.get("/greet/{name}", counter.greet),
        ]
    )
    return app
