"""What all tests share: a real PostgreSQL, and the data beside the checkout where it is there."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.databases import database_like, folder_of_a_server, named, not_durable

from quantmatrix_models import embedded
from quantmatrix_models.database import Database
from quantmatrix_models.migrations import run as migrations
from quantmatrix_pipelines import compiled

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def pytest_configure(config: pytest.Config) -> None:
    """Sets what every process of a test run is to find in its environment.

    Compiled kernels are kept beside pytest's own cache: no home of a test compiles them again.
    """
    kernels = config.rootpath / ".pytest_cache" / "kernels"
    os.environ["QUANTMATRIX_COMPILED"] = str(kernels)
    # As in every process of ours: events of many partitions are stored together.
    os.environ["DAGSTER_EVENT_BATCH_SIZE"] = "500"
    compiled.keep_in(kernels)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data and reference values."""
    if not SHARED_DATA.is_dir():
        pytest.skip("needs ../shared/data, which is not beside this checkout")
    return SHARED_DATA


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The address of a database server of this test process, empty but for a migrated template.

    Its files do not lie in pytest's own folder: a second pytest of the same user closes that to
    everybody else, and run by root the server is somebody else.
    """
    folder = folder_of_a_server()
    urls = embedded.start(folder / "data")
    not_durable(urls["quantmatrix"])
    embedded.create_database(urls["quantmatrix"], "migrated")
    template = Database(str(named(urls["quantmatrix"], "migrated")))
    migrations.upgrade(template.engine)
    template.dispose()
    yield urls["quantmatrix"]
    embedded.stop(folder / "data")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database_url(server_url: str) -> Iterator[str]:
    """The address of a migrated database that holds nothing and lives for one test."""
    with database_like("migrated", server_url) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated database that holds nothing and lives for one test."""
    made = Database(database_url)
    yield made
    made.dispose()
