"""What every command begins with: settings, and the database they name, migrated."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from quantmatrix_models.database import Database
from quantmatrix_models.migrations import run as migrations
from quantmatrix_pipelines import home
from quantmatrix_pipelines.settings import Settings, read_settings


@dataclass(frozen=True)
class Installation:
    """The settings of this installation and its two databases."""

    settings: Settings
    database: Database
    database_url: str
    dagster_url: str


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
