"""Compare treadle's server with aiohttp's: names, signatures, classes and warnings.

``differences.toml`` has every difference with its reason; one that is not there fails the tests,
and so does a row that no difference needs.
"""
