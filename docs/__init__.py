"""The documentation; :mod:`docs.generate` makes the tables in it from the code."""
