"""Count what one call costs, and how that grows with its input; see README.md."""
