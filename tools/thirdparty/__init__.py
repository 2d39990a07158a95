"""Run the test suites of libraries that were written for aiohttp, on aiohttp and on treadle.

``suites.toml`` says which, at which versions, and why a test may fail on treadle. Their sources are
fetched by pip into a folder outside of the repository.
"""
