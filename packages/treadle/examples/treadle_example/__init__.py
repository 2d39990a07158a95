"""The example application of treadle; ``app`` makes it, ``pages`` is what it shows."""
