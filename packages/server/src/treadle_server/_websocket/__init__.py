"""WebSockets: the response that a handler prepares, and the connection behind it."""
