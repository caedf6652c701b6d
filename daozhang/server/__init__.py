"""The server: people, files in, pages, HTTP API, background work and operations."""
