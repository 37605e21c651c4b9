"""What happened, in bulk: a DuckDB file that flows alone open, one writer at a time, for short transactions."""
