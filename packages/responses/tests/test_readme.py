"""The ASGI application of the README, under uvicorn; ``tests-integration`` runs the others."""

import contextlib
import http.client
import re
import socket
import threading
from pathlib import Path
from typing import Any

import uvicorn

README = Path(__file__).resolve().parent.parent / "README.md"


def test_the_asgi_application() -> None:
    section = README.read_text("utf-8").partition("## In an ASGI server")[2]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(found[1], names)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        config = uvicorn.Config(names["app"], log_level="critical", lifespan="off", loop="asyncio")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            for path, status, body in (
                ("/", 200, b'{"hello": "world"}'),
                ("/x", 404, b"404: Not Found"),
            ):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                with contextlib.closing(connection):
                    connection.request("GET", path)
                    response = connection.getresponse()
                    assert (response.status, response.read()) == (status, body)
        finally:
            server.should_exit = True
            thread.join(20)
