"""A raw ASGI application on uvicorn: binds a free port, prints it, serves until told to stop."""

import sys
from pathlib import Path

# A program has its own folder on the path, but its modules are imported as ``bench.x``.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.apps._asgi_raw import app
from bench.apps._serve_uvicorn import serve

if __name__ == "__main__":
    serve(app)
