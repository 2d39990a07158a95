"""Class-based views: one class for a path, one method for each method of HTTP."""

from treadle import web

routes = web.RouteTableDef()
ITEMS = web.AppKey("items", list[str])


@routes.view("/items")
class Items(web.View):
    """The list, and the way to add to it. Other methods get 405, with what is allowed."""

    async def get(self) -> web.Response:
        return web.json_response(self.request.app[ITEMS])

    async def post(self) -> web.Response:
        self.request.app[ITEMS].append(await self.request.text())
        return web.json_response(self.request.app[ITEMS], status=201)


class Status(web.View):
    """A view that is registered without a decorator."""

    async def get(self) -> web.Response:
        return web.Response(text=f"{len(self.request.app[ITEMS])} items")


def init_func(argv: list[str]) -> web.Application:
    app = web.Application()
    app[ITEMS] = []
    app.add_routes(routes)
    app.router.add_view("/status", Status)
    return app
