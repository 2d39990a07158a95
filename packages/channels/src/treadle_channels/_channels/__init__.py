"""Publish and subscribe for the tasks of one process, on top of one backend."""
