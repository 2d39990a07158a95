"""Worker processes: started, watched, replaced without a lost request, and stopped."""
