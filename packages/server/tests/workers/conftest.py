"""Programs with workers, as processes of their own."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from testkit import Program

APP = """
import asyncio, json, logging, os, sys, time
from pathlib import Path
from typing import Any
from treadle_responses import Response
from treadle_server import Application, WebSocketResponse, get, run_app

HERE = Path(__file__).parent
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)

async def pid(request):
    return Response(text=str(os.getpid()))

async def slow(request):
    sys.stderr.write("slow begins\\n")
    await asyncio.sleep(0.5)
    return Response(text="finished")

async def hang(request):
    while True:
        time.sleep(0.01)

async def ws(request):
    made = WebSocketResponse()
    await made.prepare(request)
    async for message in made:
        pass
    return made

async def begin(app):
    # A start that fails, as long as the file is there.
    if (HERE / "broken").exists():
        raise LookupError("no database at <here>")

def make():
    app = Application()
    app.add_routes([get("/", pid), get("/slow", slow), get("/hang", hang), get("/ws", ws)])
    app.on_startup.append(begin)
    return app

def main(**options):
    run_app(make(), access_log=None, shutdown_timeout=3, **options)

def factory():
    run_app(make, access_log=None, **json.loads(sys.argv[1]))

if __name__ == "__main__":
    main(**({"host": "127.0.0.1"} | json.loads(sys.argv[1])))
"""

Start = Callable[..., Program]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a program with the options of ``run_app`` in JSON, or a command."""
    (tmp_path / "webapp.py").write_text(APP)
    programs: list[Program] = []

    def starter(arguments: str | list[str], **options: Any) -> Program:
        if isinstance(arguments, str):
            arguments = ["webapp.py", arguments]
        program = Program([sys.executable, *arguments], tmp_path, **options)
        programs.append(program)
        return program

    yield starter
    for program in programs:
        # Workers notice that it has gone.
        program.close()
