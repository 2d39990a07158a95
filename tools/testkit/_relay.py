"""A relay between a client and a server, which cuts, refuses or swallows what passes."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self, final

__all__ = ["Relay"]


@final
class Relay:
    """Passes connections on to a port of 127.0.0.1: ``async with Relay(port) as relay:``."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        #: The port for clients.
        self.port = 0
        #: True to close each new connection at once.
        self.refuses = False
        #: The connections that came.
        self.count = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.refuses = True
        self.cut()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._server.wait_closed()

    def cut(self) -> None:
        """Close all connections at once."""
        for writer in self._writers:
            writer.transport.abort()

    def swallow(self) -> None:
        """Pass nothing on from now on, and close nothing."""
        self._open.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.count += 1
        try:
            if not self.refuses:
                await self._pass_on(reader, writer)
        except asyncio.CancelledError:
            pass  # only ``__aexit__`` cancels
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        writers = {writer, back}
        self._writers |= writers
        tasks = [
            asyncio.ensure_future(self._copy(reader, back)),
            asyncio.ensure_future(self._copy(there, writer)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._writers -= writers
            for task in tasks:
                task.cancel()
            back.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
