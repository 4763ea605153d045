"""Applies migrations, and says where a database stands."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from quantmatrix_engine.errors import DatabaseError
from quantmatrix_models.database import reason

# Any two processes that migrate the same database wait for each other on this number.
_MIGRATION_LOCK = 7_145_201


def config(connection: Connection | None = None) -> Config:
    """Gives Alembic's configuration, bound to `connection` where one is given."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    if connection is not None:
        made.attributes["connection"] = connection
    return made


def revision_of(connection: Connection) -> str | None:
    """Gives the revision the database is at, or None where it holds nothing of ours."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """Gives the revision this code was written for."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    assert head is not None, "the project has migrations"  # noqa: S101
    return head


def upgrade(engine: Engine, revision: str = "head") -> bool:
    """Brings the database to `revision`, the newest one; says whether anything had to be done.

    Raises DatabaseError where the database is ahead of this code, or does not let us.
    """
    try:
        with engine.begin() as connection:
            return _upgrade(connection, revision)
    except ProgrammingError as error:
        raise DatabaseError(
            f"The database cannot be migrated: {reason(error)}. The login needs to own it and to "
            "have, or be able to make, the roles of sql/postgres."
        ) from None
    except IntegrityError as error:
        raise DatabaseError(
            f"The database cannot be migrated, and is as it was: {reason(error)}. A row breaks a "
            "rule of the newer schema; correct it and start again."
        ) from None


def _upgrade(connection: Connection, revision: str) -> bool:
    connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
    found = revision_of(connection)
    if found == newest_revision():
        return False
    _refuse_unknown(found)
    command.upgrade(config(connection), revision)
    return True


def downgrade(engine: Engine, revision: str) -> None:
    """Takes the database back to `revision`; `base` is empty.

    Raises DatabaseError, and changes nothing, where a row has no place in the older schema.
    """
    try:
        with engine.begin() as connection:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
            command.downgrade(config(connection), revision)
    except IntegrityError as error:
        raise DatabaseError(
            f"The database cannot be taken back to {revision}, and is as it was: {reason(error)}."
        ) from None


def _refuse_unknown(revision: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise DatabaseError(
            f"The database is at revision {revision!r}, which this version of QuantMatrix does "
            f"not know (its newest is {newest_revision()!r}). Run the version that made it."
        )
