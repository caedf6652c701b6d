"""The use cases that every face (command line, server, notebook) calls."""
