"""Facts on their way in and at rest: canonical files, readers' facts and the append-only store.

Whatever the source, the outcome is the same: for every fact table a relation ``raw_<table>`` in a
DuckDB connection (see :mod:`daozhang.store.relations` for its columns).
"""
