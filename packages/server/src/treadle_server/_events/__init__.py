"""Event streams: responses that are sequences of server-sent events."""
