"""The HTTP API: what the pages can do, for programs. One module a subject."""
