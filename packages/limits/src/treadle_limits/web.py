"""Limits in an application of treadle; needs ``treadle-limits[web]``."""

__all__: list[str] = []
