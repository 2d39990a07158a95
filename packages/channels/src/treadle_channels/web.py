"""Channels in an application of treadle; needs ``treadle-channels[web]``."""

__all__: list[str] = []
