"""WSGI applications on treadle's server (PEP 3333): threads, and what passes between both."""
