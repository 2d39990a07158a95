"""Channels in an application of treadle: WebSockets, event streams, start and stop."""
