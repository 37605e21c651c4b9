"""Alembic's environment and the numbered versions."""
