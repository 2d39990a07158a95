"""Limits in an application of treadle: a middleware, and an option of routes."""
