"""Where the state of limits is kept: in the process, or in Redis for many processes."""
