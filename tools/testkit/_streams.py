"""Wait, in a handler, until the server has told its streams to end."""

import asyncio

from treadle_server import BaseRequest

__all__ = ["wait_streams_ended"]


async def wait_streams_ended(request: BaseRequest) -> None:
    """Return once the server of ``request`` stops; nothing tells a handler of it."""
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def look() -> None:
        if request.response_writer.streams.ended:
            ended.set_result(None)
        else:
            loop.call_later(0.001, look)

    look()
    await ended
