"""The work on Starlette and treadle: binds a free port, prints it, serves until told to stop."""

from _asgi_starlette import app
from _serve_treadle_asgi import serve

if __name__ == "__main__":
    serve(app)
