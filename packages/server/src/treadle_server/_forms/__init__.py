"""Forms and multipart bodies; it imports nothing of the other rooms."""
