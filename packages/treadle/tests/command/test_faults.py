"""The traceback of the user, without the frames that led to it."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from treadle._command import faults
from treadle._command.entry import find_entry
from treadle._command.faults import complain, is_users, own_part, shown_traceback
from treadle._command.source import ImportFailedError, load_entry
from treadle_server import ServerConfig

Write = Callable[..., Path]


def test_it_begins_with_the_users_first_line(write: Write) -> None:
    folder = write("broken.py", "import json\ndef f():\n    json.loads('{')\nf()\n")
    with pytest.raises(ImportFailedError) as caught:
        load_entry(find_entry("broken", folder))
    text = shown_traceback(caught.value.error)
    lines = text.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1] == '  File "broken.py", line 4, in <module>'
    # What it calls is shown too, for the value is there.
    assert "decoder.py" in text
    assert "importlib" not in text
    assert "_command" not in text


def test_an_error_of_ours_has_no_part_of_the_user() -> None:
    with pytest.raises(TypeError) as caught:
        sys.intern(3)  # type: ignore[call-overload]  # it raises
    # This module is the user's.
    assert own_part(caught.value) is not None
    assert own_part(ValueError("never raised")) is None
    with pytest.raises(ValueError, match="must be at least 1") as refused:
        ServerConfig(read_bufsize=0)
    place = refused.value.__traceback__
    assert place is not None
    # What ``run_app`` refuses is no fault of an application.
    assert own_part(refused.value.with_traceback(place.tb_next)) is None


@pytest.mark.parametrize(
    ("file", "users"),
    [
        ("/srv/app.py", True),
        ("<template>", True),
        (faults.__file__, False),
        (asyncio.__file__, False),
        ("<frozen importlib._bootstrap>", False),
        ("uvloop/loop.pyx", False),
    ],
)
def test_whose_a_file_is(file: str, users: bool) -> None:
    assert is_users(file) is users


def test_the_place_of_a_syntax_error(write: Write) -> None:
    folder = write("broken.py", "x = (\n")
    with pytest.raises(ImportFailedError) as caught:
        load_entry(find_entry("broken", folder))
    text = shown_traceback(caught.value.error)
    assert text.startswith('  File "broken.py", line 1\n')
    assert "SyntaxError" in text


def test_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    complain("treadle run", "it is wrong")
    assert capsys.readouterr().err == "treadle run: error: it is wrong\n"
