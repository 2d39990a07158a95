"""weft_http_parser."""

from ._version import __version__

__all__ = ["__version__"]
