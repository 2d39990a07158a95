"""Request bodies: their way from the connection to the reader that a handler has."""
