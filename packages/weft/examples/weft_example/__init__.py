"""The example application of weft; ``app`` makes it, ``pages`` is what it shows."""
