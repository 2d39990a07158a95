"""The child of `treadle dev` ends with its parent, however that ends."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
from collections.abc import Callable
from pathlib import Path

import pytest

from treadle._command.life import life

from ._process import Process, get

Write = Callable[..., Path]

if sys.platform == "win32":
    pytest.skip("descriptors are not inherited there", allow_module_level=True)

APP = """
from treadle import web
async def hello(request):
    return web.Response(text="hello")
app = web.Application()
app.router.add_get("/", hello)
"""

#: A child that does nothing but follow.
STUCK = """
import signal, sys, time
from treadle._command.life import follow
signal.signal(signal.SIGTERM, signal.SIG_IGN)
follow(int(sys.argv[1]), 0.2)
print("follows", flush=True)
time.sleep(60)
"""


def test_a_parent_that_is_killed(write: Write) -> None:
    folder = write("app.py", APP)
    process = Process(folder, "dev", "-P", "0")
    with process:
        url = process.wait_for(r"Serving on (http://\S+) \(")[1]
        assert get(url) == (200, "hello")
        process.process.kill()
        # Waits for the end of its log, too, which the child holds.
        assert process.wait() == -signal.SIGKILL
        with pytest.raises(urllib.error.URLError, match="refused"):
            get(url)


def test_a_child_that_does_not_stop_is_killed() -> None:
    with life() as descriptor:
        assert descriptor is not None
        child = subprocess.Popen(
            [sys.executable, "-c", STUCK, str(descriptor)],
            pass_fds=[descriptor], stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline() == "follows\n"
        assert child.poll() is None
    with child:
        assert child.wait(20) == -signal.SIGKILL


def test_descriptors_are_closed() -> None:
    with life() as descriptor:
        assert descriptor is not None
        os.fstat(descriptor)
    with pytest.raises(OSError, match=re.escape("Bad file descriptor")):
        os.fstat(descriptor)
