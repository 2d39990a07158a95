"""The options of ``run_app`` for type checkers are those that it has."""

import inspect
from typing import get_type_hints

from treadle_server import run_app
from treadle_server._http.options import ConnectionOptions
from treadle_server.interfaces import RunOptions


def test_names() -> None:
    own = {
        name
        for name, parameter in inspect.signature(run_app).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    assert {*get_type_hints(RunOptions)} == own | {*get_type_hints(ConnectionOptions)}
