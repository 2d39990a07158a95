"""``treadle.channels`` has the names of ``treadle_channels``, and says what it needs."""

import subprocess
import sys

import treadle.channels
import treadle_channels
import treadle_channels.web


def test_it_has_the_names_of_the_package() -> None:
    for module in (treadle_channels, treadle_channels.web):
        names = module.__all__
        assert names
        for name in names:
            if not name.startswith("_"):
                assert getattr(treadle.channels, name) is getattr(module, name)


def test_without_the_package_it_names_the_extra() -> None:
    program = "import sys; sys.modules['treadle_channels'] = None; import treadle.channels"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "pip install 'treadle[channels]'" in run.stderr
