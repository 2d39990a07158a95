"""The quickstart: one small program for each thing that a web application does.

    python -m treadle.web -H localhost -P 8080 quickstart.simple_server:init_func

serves one of them; ``docs/quickstart.md`` shows them all, in reading order.
"""
