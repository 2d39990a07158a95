"""The phases of sending a response: a table of what a write may do in each."""

import pytest

from treadle_responses import StreamResponse
from treadle_responses._phase import WRITE_REFUSED, Phase


def test_only_the_body_takes_a_write() -> None:
    assert set(WRITE_REFUSED) == set(Phase)
    assert [phase for phase, error in WRITE_REFUSED.items() if error is None] == [Phase.BODY]


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.BODY])
def test_a_refused_write_says_when_it_came(phase: Phase) -> None:
    response = StreamResponse()
    response._phase = phase
    with pytest.raises(RuntimeError) as caught:
        response.write(b"x").send(None)
    assert str(caught.value) == WRITE_REFUSED[phase]


@pytest.mark.parametrize(
    ("phase", "prepared", "ended"),
    [
        (Phase.NEW, False, False),
        (Phase.PREPARING, False, False),
        (Phase.BODY, True, False),
        (Phase.ENDING, True, False),
        (Phase.ENDED, True, True),
    ],
)
def test_what_a_response_says_of_its_phase(phase: Phase, prepared: bool, ended: bool) -> None:
    response = StreamResponse()
    response._phase = phase
    assert (response.prepared, response.eof_sent) == (prepared, ended)
