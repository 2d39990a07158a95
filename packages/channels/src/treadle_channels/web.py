"""Channels in an application of treadle; needs ``treadle-channels[web]``."""

try:
    from ._web.app import CHANNELS, ChannelsOptions, WebChannels, of, setup
except ModuleNotFoundError as _error:
    if _error.name not in ("treadle_responses", "treadle_server", "treadle_websocket"):
        raise
    raise ModuleNotFoundError(
        f"treadle_channels.web needs {_error.name}: pip install 'treadle-channels[web]'",
        name=_error.name,
    ) from _error

__all__ = ["CHANNELS", "ChannelsOptions", "WebChannels", "of", "setup"]
