"""What every command begins with: settings, and the database they name, migrated."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from quantmatrix_models.database import Database
from quantmatrix_models.migrations import run as migrations
from quantmatrix_pipelines import home
from quantmatrix_pipelines.clock import utc_now
from quantmatrix_pipelines.settings import Settings, read_settings
from quantmatrix_pipelines.stores.trail import Trail


@dataclass(frozen=True)
class Installation:
    """The settings of this installation and its two databases."""

    settings: Settings
    database: Database
    database_url: str
    dagster_url: str

    def trail(self) -> Trail:
        """Gives who changes something now: the person at the command line."""
        return self.trail_of(f"cli:{getpass.getuser()}")

    def trail_of(self, actor: str) -> Trail:
        """Gives the trail of another actor."""
        return Trail(home.audit_keys(self.settings), actor, utc_now)


@contextmanager
def installation() -> Iterator[Installation]:
    """Gives the installation with its database started, if it is ours, and migrated."""
    settings = read_settings()
    home.prepare(settings)
    ours, dagsters = home.database_urls(settings)
    database = Database(ours)
    database.require()
    migrations.upgrade(database.engine)
    try:
        yield Installation(settings, database, ours, dagsters)
    finally:
        database.dispose()
