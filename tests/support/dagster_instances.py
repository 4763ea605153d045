"""A Dagster instance of a test: in memory, with the events of many partitions stored together."""

from collections import defaultdict
from collections.abc import Sequence

import dagster as dg
from dagster._core.events import ASSET_CHECK_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.instance import InstanceType
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
from dagster._core.run_coordinator import DefaultRunCoordinator
from dagster._core.storage.event_log import InMemoryEventLogStorage, SqlEventLogStorageTable
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.root import TemporaryLocalArtifactStorage
from dagster._core.storage.runs import InMemoryRunStorage


class Events(InMemoryEventLogStorage):
    """Events in memory; those that Dagster hands over together are written together.

    Its own class writes each in transactions of its own, which was most of a journey's time.
    """

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        if not events:
            return
        rows = self.prepare_insert_event_batch(events).returning(SqlEventLogStorageTable.c.id)
        with self.run_connection() as connection:
            ids = list(connection.execute(rows).scalars())
        of_assets: dict[dg.AssetKey, list[tuple[EventLogEntry, int]]] = defaultdict(list)
        for event, number in zip(events, ids, strict=True):
            told = event.get_dagster_event()
            if told.asset_key is not None:
                of_assets[told.asset_key].append((event, number))
            if told.event_type in ASSET_CHECK_EVENTS:
                self.store_asset_check_event(event, number)
        with self.index_transaction() as connection:
            for stored in of_assets.values():
                self._store_asset_event_tags(connection, *zip(*stored, strict=True))
                self._store_asset_event(connection, *stored[-1])


def in_memory() -> dg.DagsterInstance:
    """Gives an instance that lives as long as its test, as `DagsterInstance.ephemeral` makes it."""
    return dg.DagsterInstance(
        instance_type=InstanceType.EPHEMERAL,
        local_artifact_storage=TemporaryLocalArtifactStorage(),
        run_storage=InMemoryRunStorage(),
        event_storage=Events(),
        compute_log_manager=NoOpComputeLogManager(),
        run_coordinator=DefaultRunCoordinator(),
        run_launcher=SyncInMemoryRunLauncher(),
    )
