"""The error pages of ``treadle dev``: what happened, where, and with which values."""
