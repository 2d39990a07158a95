"""``treadle.asgi`` has the names of ``treadle_asgi``, and says what it needs."""

import subprocess
import sys

import treadle.asgi
import treadle_asgi


def test_it_has_the_names_of_the_package() -> None:
    names = treadle_asgi.__all__
    assert "serve_asgi" in names
    for name in names:
        if not name.startswith("_"):
            assert getattr(treadle.asgi, name) is getattr(treadle_asgi, name)


def test_without_the_package_it_names_the_extra() -> None:
    program = "import sys; sys.modules['treadle_asgi'] = None; import treadle.asgi"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "pip install 'treadle[asgi]'" in run.stderr


def test_the_command_lines_are_one() -> None:
    for module in ("treadle.asgi", "treadle_asgi"):
        run = subprocess.run(
            [sys.executable, "-m", module, "nothing:app"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 2
        assert "python -m treadle.asgi: error: unable to import nothing: " in run.stderr
