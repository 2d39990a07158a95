"""Event streams: responses whose body is a sequence of server-sent events."""
