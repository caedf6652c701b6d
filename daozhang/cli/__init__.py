"""The command line: one module a command; heavy parts are imported when a command runs."""
