"""A raw ASGI application on treadle: binds a free port, prints it, serves until told to stop."""

from _asgi_raw import app
from _serve_treadle_asgi import serve

if __name__ == "__main__":
    serve(app)
