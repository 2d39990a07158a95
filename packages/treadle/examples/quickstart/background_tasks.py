"""Background tasks: work that goes on when the client has its answer."""

import asyncio

from treadle import web

SENT = web.AppKey("sent", list[str])


async def send_mail(app: web.Application, address: str) -> None:
    await asyncio.sleep(0.1)
    app[SENT].append(address)


async def sign_up(request: web.Request) -> web.Response:
    form = await request.post()
    address = str(form.get("address", ""))
    # Behind the response; ``request.app.spawn(send_mail(...))`` starts it at once.
    request.after_response(send_mail, request.app, address)
    return web.Response(text=f"A mail to {address} is on its way", status=202)


async def sent(request: web.Request) -> web.Response:
    # The task of another request.
    await asyncio.gather(*request.app.background)
    return web.json_response(request.app[SENT])


def init_func(argv: list[str]) -> web.Application:
    app = web.Application(max_background_tasks=100)
    app[SENT] = []
    app.add_routes([web.post("/sign-up", sign_up), web.get("/sent", sent)])
    return app
