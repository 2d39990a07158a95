"""The states of ``MultipartParser``, and the transitions between them.

The parser assigns its state directly: checking each change against the table made small fields 18 %
slower (``fields`` in tools/bench/bench_multipart.py). The tests check it instead: they feed bodies
byte by byte and look up every change.
"""

import enum
from collections.abc import Mapping
from typing import Final

__all__ = ["TRANSITIONS", "State"]


class State(enum.Enum):
    """The part of the body that the parser is in."""

    PREAMBLE = "before the first delimiter"
    HEAD = "in the headers of a part"
    BODY = "in the data of a part"
    EPILOGUE = "behind the final boundary"
    CLOSED = "receive_eof() was called"
    FAILED = "an error was raised"


#: A delimiter leads to HEAD, a blank line to BODY, a close delimiter to EPILOGUE, the end of input
#: to CLOSED. The state is CLOSED while the end of input is checked, so that CLOSED can still fail.
TRANSITIONS: Final[Mapping[State, frozenset[State]]] = {
    State.PREAMBLE: frozenset({State.HEAD, State.EPILOGUE, State.CLOSED, State.FAILED}),
    State.HEAD: frozenset({State.BODY, State.CLOSED, State.FAILED}),
    State.BODY: frozenset({State.HEAD, State.EPILOGUE, State.CLOSED, State.FAILED}),
    State.EPILOGUE: frozenset({State.CLOSED, State.FAILED}),
    State.CLOSED: frozenset({State.FAILED}),
    State.FAILED: frozenset(),
}
