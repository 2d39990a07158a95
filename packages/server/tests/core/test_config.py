"""The settings: defaults, checks, and the way into the parser's limits."""

import pytest

from treadle_server import ServerConfig


def test_defaults_are_those_of_the_contract() -> None:
    config = ServerConfig()
    assert config.keepalive_timeout == 75.0
    assert (config.head_timeout, config.body_timeout, config.write_timeout) == (15.0, 30.0, 30.0)
    limits = config.limits()
    assert (limits.max_request_line, limits.max_field_line, limits.max_fields) == (8192, 8192, 128)


def test_limits_follow_the_options() -> None:
    limits = ServerConfig(max_line_size=100, max_field_size=200, max_headers=3).limits()
    assert (limits.max_request_line, limits.max_field_line, limits.max_fields) == (100, 200, 3)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"keep_alive_timeout": 1}, TypeError, "did you mean 'keepalive_timeout'"),
        ({"nonsense": 1}, TypeError, "Unknown server option 'nonsense'"),
        ({"body_timeout": -1}, ValueError, "body_timeout must be at least 0, got -1"),
        ({"read_bufsize": 0}, ValueError, "read_bufsize must be at least 1, got 0"),
        ({"server_header": "a\r\nb: c"}, ValueError, "server_header must be printable ASCII"),
        ({"server_header": "caf\xe9"}, ValueError, "server_header must be printable ASCII"),
        ({"server_header": " x"}, ValueError, "without blanks around it, or None; got ' x'"),
        ({"server_header": ""}, ValueError, "or None; got ''"),
        ({"server_header": False}, TypeError, "None to send no such field; got False"),
    ],
)
def test_wrong_options(options: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ServerConfig.from_kwargs(options)
