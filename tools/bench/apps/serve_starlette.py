"""The work on Starlette and uvicorn: binds a free port, prints it, serves until told to stop."""

from _asgi_starlette import app
from _serve_uvicorn import serve

if __name__ == "__main__":
    serve(app)
