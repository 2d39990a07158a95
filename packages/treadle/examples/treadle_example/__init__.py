"""The example application of treadle: notes with logins. ``app`` puts its parts together."""
