"""Seen from outside: health, request IDs, and what metrics and traces have in common."""
