"""What users are told of their signals, and its delivery."""

import datetime as dt

import dagster as dg
import polars as pl

from quantmatrix_adapters.channels.base import Channel as Carrier
from quantmatrix_adapters.providers.base import Provider, names_of
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts import quarantine
from quantmatrix_engine.contracts.notifications import Notifications
from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_engine.notifications.compose import compose
from quantmatrix_engine.vocabulary import Channel, NotificationStatus
from quantmatrix_models.audit import AuditKeys
from quantmatrix_models.database import Database
from quantmatrix_models.secrets import Vault
from quantmatrix_pipelines import catalog, checks
from quantmatrix_pipelines.automation import is_backfill
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.defs.notifications.delivery import Courier, deliver
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import cohorts_in, sessions_in, user_partitions
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.stores import market_data, outbox, system_status
from quantmatrix_pipelines.stores.trail import Trail

# Composed later than this after the close, a message says so.
LATE_AFTER = dt.timedelta(hours=12)


def assets(window: Window) -> list[dg.AssetsDefinition]:
    """Gives the notification assets over the sessions of `window` and the cohorts."""

    @dg.asset(
        group_name="notifications",
        owners=[catalog.SIGNALS_TEAM],
        kinds={"postgres"},
        partitions_def=user_partitions(window),
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=["signals", "signal_outcomes"],
        metadata=catalog.described(Notifications, table="quantmatrix.public.notifications"),
        check_specs=[
            dg.AssetCheckSpec(
                "contract",
                asset="notifications",
                blocking=True,
                description="Each message has a user, a channel and a number of its own.",
            )
        ],
    )
    @retried
    def notifications(
        context: dg.AssetExecutionContext,
        feed: dg.ResourceParam[Provider],
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        """Messages about signals that no message tells yet: the outbox.

        Only the newest session is sent; messages of older ones and of backfills are kept as
        suppressed, so that nobody is ever told old news as new.
        """
        sessions, cohorts = sessions_in(context.partition_keys), cohorts_in(context.partition_keys)
        newest = lake.newest_session("bars", names_of(feed))
        frames = [pl.DataFrame(schema=_SCHEMA)]
        findings: list[pl.DataFrame] = []
        for session in sessions:
            untold = outbox.untold(database, session, cohorts)
            reason = _suppressed(session, newest, of_backfill=is_backfill(context.run.tags))
            composed, links = _composed(untold, session, at=clock(), reason=reason)
            parted = quarantine.part(
                Notifications, composed, provider=feed.name, key=("user_id", "channel", "part")
            )
            outbox.put(database, parted.good, links)
            if reason is None:
                system_status.tell_of_failed(database, session, cohorts, at=clock())
            frames.append(parted.good)
            findings.append(parted.findings)
        written, broken = pl.concat(frames), pl.concat(findings)
        market_data.record_findings(database, broken)
        return dg.MaterializeResult(
            metadata=catalog.rows(
                outbox.count(database),
                composed=written.height,
                pending=written.filter(pl.col("status") == NotificationStatus.PENDING.value).height,
            ),
            check_results=[
                checks.result(
                    "contract",
                    broken,
                    is_error=not broken.is_empty(),
                    description=f"{written.height:,} messages composed.",
                )
            ],
        )

    @dg.asset(
        group_name="notifications",
        owners=[catalog.SIGNALS_TEAM],
        kinds={"discord", "postgres"},
        deps=["notifications"],
        pool="discord",
        metadata={
            "dagster/column_schema": dg.TableSchema(
                [
                    dg.TableColumn("status", "string", description="How the sending ended."),
                    dg.TableColumn("notifications", "int", description="How many ended so."),
                ]
            ),
            "dagster/table_name": "quantmatrix.public.notifications",
        },
        check_specs=[
            dg.AssetCheckSpec(
                "delivered",
                asset="deliveries",
                description="No message was refused or given up in this run.",
            )
        ],
    )
    @retried
    def deliveries(
        database: dg.ResourceParam[Database],
        vault: dg.ResourceParam[Vault],
        audit_keys: dg.ResourceParam[AuditKeys],
        discord: dg.ResourceParam[Carrier],
        console: dg.ResourceParam[Carrier],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        """Messages that went out: leased one by one, posted to Discord, recorded with their id.

        A message without a webhook goes to the console and is marked as printed.
        """
        trail = Trail(audit_keys, "deliveries", clock)
        ended = deliver(Courier(database, vault, discord, console, clock, trail))
        failed = ended[NotificationStatus.FAILED.value]
        return dg.MaterializeResult(
            metadata=catalog.rows(sum(ended.values()), **dict(ended)),
            check_results=[
                dg.AssetCheckResult(
                    check_name="delivered",
                    passed=failed == 0,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={"failed": failed},
                    description="`notifications.reason` says why one failed.",
                )
            ],
        )

    return [notifications, deliveries]


_SCHEMA = types_of(Notifications)


def _suppressed(session: dt.date, newest: dt.date | None, *, of_backfill: bool) -> str | None:
    if of_backfill:
        return "Backfills do not notify."
    if newest is not None and session < newest:
        return f"Bars of {newest} were known when {session} was evaluated."
    return None


def _composed(
    untold: list[outbox.Untold], session: dt.date, *, at: dt.datetime, reason: str | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    status = NotificationStatus.PENDING if reason is None else NotificationStatus.SUPPRESSED
    key = {"channel": Channel.SIGNALS.value, "session": session}
    lateness = _lateness(session, at)
    rows: list[dict[str, object]] = []
    links: list[dict[str, object]] = []
    for one in untold:
        message = compose(
            session,
            one.told,
            one.withheld,
            lateness=lateness,
            failed=one.failed,
            earlier=one.earlier,
            told_before=one.told_before,
        )
        its = {"user_id": one.user_id, **key, "part": one.part}
        rows.append(
            {
                **its,
                "message": message.model_dump_json(),
                "status": status.value,
                "reason": reason,
                "due_at": at,
            }
        )
        links.extend({**its, "signal_id": signal.signal_id} for signal in one.told)
    link_schema = {name: _SCHEMA[name] for name in ("user_id", "channel", "session", "part")}
    return (
        pl.DataFrame(rows, schema=_SCHEMA),
        pl.DataFrame(links, schema={**link_schema, "signal_id": pl.Int64}),
    )


def _lateness(session: dt.date, at: dt.datetime) -> str | None:
    late = at - calendars.closes_at(session)
    if late <= LATE_AFTER:
        return None
    return f"composed {at:%Y-%m-%d %H:%M} UTC, {_span(late)} after the session closed"


def _span(late: dt.timedelta) -> str:
    return f"{late.days:,} days" if late.days > 1 else f"{late.total_seconds() / 3600:.0f} hours"
