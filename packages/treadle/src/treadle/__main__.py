"""``python -m treadle``: the ``treadle`` command."""

from treadle._command.main import main

if __name__ == "__main__":
    main()
