"""The names that treadle_asgi promises."""

import treadle_asgi
from testkit import check_public_api

NAMES = [
    "ASGIApplication", "ASGIOptions", "ApplicationCallable", "BrokenResponseError", "Message",
    "Receive", "Scope", "Send", "__version__", "asgi",
]  # fmt: skip


def test_public_api() -> None:
    check_public_api(treadle_asgi, NAMES)
