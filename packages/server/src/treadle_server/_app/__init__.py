"""Applications: life cycle, sub-applications, middlewares and views."""
