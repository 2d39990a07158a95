"""``python -m treadle_asgi``: the command line of ``python -m treadle.asgi``."""

from ._serving.cli import command_line

__all__ = ["command_line"]

if __name__ == "__main__":
    command_line()
