"""Any ASGI application on treadle's server."""
