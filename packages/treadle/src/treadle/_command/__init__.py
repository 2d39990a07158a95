"""The ``treadle`` command: run, develop, look at and begin applications."""
