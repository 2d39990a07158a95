"""Request bodies: the reader that a handler has, and the decoding of coded bodies."""
