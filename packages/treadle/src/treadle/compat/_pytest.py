"""The hook that makes ``pytest -p treadle.compat`` install the layer.

PYTEST_DONT_REWRITE: it has no assertions, and ``python -m treadle.compat`` has loaded it already.
"""

from ._install import install

__all__ = ["pytest_addoption"]


def pytest_addoption() -> None:
    """Install the layer: pytest calls it before it loads plugins that import aiohttp."""
    install()
