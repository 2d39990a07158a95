"""Runners, sites, ``run_app`` and the command line."""
