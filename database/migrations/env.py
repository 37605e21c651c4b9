"""Alembic's environment: it runs inside the transaction that `database.migrate` hands it."""

from alembic import context

from database.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
