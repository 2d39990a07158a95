"""Applications of ASGI and WSGI below a prefix of an application of treadle."""
