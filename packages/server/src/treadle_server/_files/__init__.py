"""Files as responses, and directories as resources."""
