"""``treadle_channels.web`` has the names for applications, and says what it needs."""

import subprocess
import sys

import pytest

import treadle_channels.web


def test_names() -> None:
    assert treadle_channels.web.__all__ == [
        "CHANNELS", "ChannelsOptions", "WebChannels", "of", "setup",
    ]  # fmt: skip
    assert treadle_channels.web.setup.__doc__


@pytest.mark.parametrize("missing", ["treadle_server", "treadle_websocket"])
def test_without_the_server_it_names_the_extra(missing: str) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None; import treadle_channels.web"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "pip install 'treadle-channels[web]'" in run.stderr


def test_the_package_itself_needs_no_server() -> None:
    program = (
        "import sys, treadle_channels\n"
        "names = 'treadle_server', 'treadle_responses', 'redis', 'psycopg'\n"
        "assert not [name for name in names if name in sys.modules]"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
