"""What every other room of the server builds on; it imports nothing of the server."""
