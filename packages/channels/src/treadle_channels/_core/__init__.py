"""Messages, topics and queues without I/O; what is here knows no event loop and no engine."""
