"""``RequestHandler`` is an abstract class: a server makes its connections."""

import pytest

from treadle_server import RequestHandler


def test_it_is_not_made_by_hand() -> None:
    with pytest.raises(TypeError, match="abstract"):
        RequestHandler()  # type: ignore[abstract]  # that is what is tested


@pytest.mark.parametrize(
    "name",
    [
        "close", "connected", "connection_lost", "connection_made", "data_received", "debug",
        "eof_received", "force_close", "handle_error", "keep_alive", "keepalive_timeout",
        "log_debug", "log_exception", "logger", "max_field_size", "max_headers", "max_line_size",
        "pause_reading", "pause_writing", "peername", "resume_reading", "resume_writing",
        "shutdown", "sockname", "ssl_context", "transport", "writing_paused",
    ],
)  # fmt: skip
def test_names_of_aiohttp(name: str) -> None:
    assert hasattr(RequestHandler, name)
