"""A treadle application as an ASGI application: ``asgi(app)``."""
