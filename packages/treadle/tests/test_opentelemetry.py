"""``treadle.opentelemetry`` has the names of the server's module, and says what it needs."""

import subprocess
import sys

import treadle.opentelemetry
import treadle_server.opentelemetry


def test_it_has_the_names_of_the_server() -> None:
    names = treadle_server.opentelemetry.__all__
    assert "Tracing" in names
    for name in names:
        assert getattr(treadle.opentelemetry, name) is getattr(treadle_server.opentelemetry, name)


def test_without_the_library_it_names_the_extra() -> None:
    program = "import sys; sys.modules['opentelemetry'] = None; import treadle.opentelemetry"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "pip install 'treadle[opentelemetry]'" in run.stderr
