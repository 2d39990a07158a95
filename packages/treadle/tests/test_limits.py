"""``treadle.limits`` has the names of ``treadle_limits``, and says what it needs."""

import subprocess
import sys

import treadle.limits
import treadle_limits
import treadle_limits.web


def test_it_has_the_names_of_the_package() -> None:
    names = [*treadle_limits.__all__, *treadle_limits.web.__all__]
    assert {"Limiter", "RedisStore", "rate_limit"} <= {*names}
    for name in names:
        if not name.startswith("_"):
            module = treadle_limits if name in treadle_limits.__all__ else treadle_limits.web
            assert getattr(treadle.limits, name) is getattr(module, name)


def test_it_does_not_import_the_client_of_redis() -> None:
    program = "import sys, treadle.limits; sys.exit('redis' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], check=False)
    assert run.returncode == 0


def test_without_the_package_it_names_the_extra() -> None:
    program = "import sys; sys.modules['treadle_limits'] = None; import treadle.limits"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "pip install 'treadle[limits]'" in run.stderr
