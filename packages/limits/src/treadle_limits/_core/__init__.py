"""Rates and decisions without I/O; what is here knows no event loop and no clock."""
