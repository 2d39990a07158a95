"""HTTP/1.1: connections, exchanges, requests and the writing of responses."""
