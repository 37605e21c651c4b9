"""What is decided once and read by key: SQLAlchemy on SQLite (WAL), or on PostgreSQL by changing one URL."""
