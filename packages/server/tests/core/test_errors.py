"""The errors that handlers catch, and the loggers that users configure."""

import logging
import pickle

import pytest

from treadle_server import ClientConnectionResetError, PayloadAccessError, RequestPayloadError
from treadle_server._core import errors


def test_the_loggers_have_the_names_that_are_documented() -> None:
    assert {
        errors.access_logger.name, errors.server_logger.name, errors.web_logger.name
    } == {"treadle.access", "treadle.server", "treadle.web"}  # fmt: skip
    assert errors.server_logger is logging.getLogger("treadle.server")


def test_a_lost_client_is_caught_as_the_builtin_error() -> None:
    with pytest.raises(ConnectionResetError):
        raise ClientConnectionResetError("gone")


@pytest.mark.parametrize(
    "cls", [ClientConnectionResetError, PayloadAccessError, RequestPayloadError]
)
def test_errors_pickle(cls: type[Exception]) -> None:
    copy = pickle.loads(pickle.dumps(cls("why")))
    assert (type(copy), str(copy)) == (cls, "why")
