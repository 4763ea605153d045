"""Alembic's entry: runs migrations on the connection `run.py` hands over."""

from alembic import context

from quantmatrix_models.migrations import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    compare_type=True,
    compare_server_default=False,
)

with context.begin_transaction():
    context.run_migrations()
