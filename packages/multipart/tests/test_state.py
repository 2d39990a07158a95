"""The parser's states: the table, and that the parser makes only its transitions."""

from itertools import pairwise

import pytest

from treadle_multipart import MultipartError, MultipartLimits, MultipartParser
from treadle_multipart._state import TRANSITIONS, State

# The transitions written out: the state before, then all states after it.
WAYS = """
    PREAMBLE  HEAD EPILOGUE CLOSED FAILED
    HEAD      BODY CLOSED FAILED
    BODY      HEAD EPILOGUE CLOSED FAILED
    EPILOGUE  CLOSED FAILED
    CLOSED    FAILED
    FAILED
"""

HEAD = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
BODIES = [
    b"",
    b"preamble",
    b"--x--",
    b"preamble\r\n--x--\r\nepilogue",
    b"--x\r\nX: y",
    b"--x\r\n\r\n--x--\r\n",
    HEAD + b"data\r\n" + HEAD + b"\r\n--x--\r\nepilogue",
    HEAD + b"data",
    HEAD + b"data\n--x--",
    b"--x\r\nno header\r\n\r\n",
    # Too many blanks behind the boundary, and too long an epilogue.
    b"--x" + b" " * 130,
    HEAD + b"data\r\n--x" + b" " * 130,
    b"--x--\r\n" + bytes(250),
]


def test_the_table() -> None:
    rows = [line.split() for line in WAYS.strip().splitlines()]
    drawn = {State[row[0]]: frozenset(State[name] for name in row[1:]) for row in rows}
    assert drawn == TRANSITIONS


def visited(body: bytes, *, strict: bool) -> set[tuple[State, State]]:
    """Feed ``body`` byte by byte and return the changes of state."""
    parser = MultipartParser("x", MultipartLimits(max_total=250), strict=strict)
    states = [parser._state]
    try:
        for at in range(len(body)):
            try:
                parser.receive_data(body[at : at + 1])
            finally:
                states.append(parser._state)
        # ``receive_eof`` sets CLOSED before it checks the body.
        states.append(State.CLOSED)
        parser.receive_eof()
    except MultipartError:
        pass
    states.append(parser._state)
    return {(one, two) for one, two in pairwise(states) if one is not two}


@pytest.mark.parametrize("strict", [True, False])
def test_every_transition_is_taken_and_no_other(strict: bool) -> None:
    taken = set()
    for body in BODIES:
        taken |= visited(body, strict=strict)
    assert taken == {(one, two) for one, others in TRANSITIONS.items() for two in others}
