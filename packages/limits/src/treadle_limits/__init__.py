"""Rate limits for asyncio programs and treadle applications."""

from ._version import __version__

__all__ = ["__version__"]
