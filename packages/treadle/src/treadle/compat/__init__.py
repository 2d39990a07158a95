"""Run libraries and programs that were written for aiohttp's server, unchanged, on treadle.

>>> from treadle import compat
>>> compat.is_installed()
False

After ``compat.install()``, ``import aiohttp.web`` and aiohttp's other server modules are those of
treadle. aiohttp's client stays what it is. It is off until a program asks for it:

* ``treadle.compat.install()`` at the top of the program, before anything imports ``aiohttp.web``;
* ``python -m treadle.compat package.module`` (or ``-m pytest ...``) for a program as it is;
* ``pytest -p treadle.compat`` for a test suite as it is.

Without aiohttp installed the names of its server still work; those of its client raise an
``ImportError`` that says what to install.
"""

from treadle.compat._install import install, is_installed
from treadle.compat._pytest import pytest_addoption

__all__ = ["install", "is_installed", "pytest_addoption"]
