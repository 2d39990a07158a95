"""The names that treadle_asgi promises."""

import treadle_asgi
from testkit import check_public_api

NAMES = [
    "ASGIApplication", "ASGIOptions", "AnyASGIApplication", "ApplicationCallable",
    "BrokenResponseError", "HostOptions", "LifespanError", "Message", "Receive", "Scope", "Send",
    "ServeOptions", "WebSocketSettings", "__version__", "asgi", "command_line", "converse", "host",
    "mount", "mount_wsgi", "serve_asgi",
]  # fmt: skip


def test_public_api() -> None:
    check_public_api(treadle_asgi, NAMES)
