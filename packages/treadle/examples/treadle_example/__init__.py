"""The example application of treadle; ``app`` makes it, ``pages`` has its HTML."""
