"""WebSockets: a handler that talks until one of the two says good-bye."""

from treadle import WSMsgType, web


async def echo(request: web.Request) -> web.WebSocketResponse:
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for msg in ws:
        if msg.type is WSMsgType.TEXT:
            if msg.data == "close":
                await ws.close()
            else:
                await ws.send_str(f"{msg.data}/answer")
        elif msg.type is WSMsgType.BINARY:
            await ws.send_bytes(msg.data)
        elif msg.type is WSMsgType.ERROR:
            print("The connection failed:", ws.exception())
    return ws


def init_func(argv: list[str]) -> web.Application:
    app = web.Application()
    app.add_routes([web.get("/ws", echo)])
    return app
