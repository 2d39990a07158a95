"""``treadle.prometheus`` has the names of the server's module, and says what it needs."""

import subprocess
import sys

import treadle.prometheus
import treadle_server.prometheus


def test_it_has_the_names_of_the_server() -> None:
    names = treadle_server.prometheus.__all__
    assert "Metrics" in names
    for name in names:
        assert getattr(treadle.prometheus, name) is getattr(treadle_server.prometheus, name)


def test_without_the_library_it_names_the_extra() -> None:
    program = "import sys; sys.modules['prometheus_client'] = None; import treadle.prometheus"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "pip install 'treadle[prometheus]'" in run.stderr
