"""Migrations: from an empty database to the present one, and back. `run.py` applies them.

What Alembic has no operation for (roles, policies, functions) stands in `sql/postgres/`, one file
a revision, and is never edited after the revision has been released.
"""
