"""The hook that makes ``pytest -p treadle.compat`` install the layer."""

from ._install import install

__all__ = ["pytest_addoption"]


def pytest_addoption() -> None:
    """Install the layer: pytest calls it before it loads plugins that import aiohttp."""
    install()
