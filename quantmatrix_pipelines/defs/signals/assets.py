"""What strategies say, by session and user cohort."""

from collections import Counter
from collections.abc import Sequence

import dagster as dg
import polars as pl

from quantmatrix_adapters.providers.base import Provider, names_of
from quantmatrix_engine.contracts.signals import Signals
from quantmatrix_engine.prices.considered import MEASURED_SESSIONS, holders
from quantmatrix_engine.prices.membership import members
from quantmatrix_engine.prices.priority import preferred
from quantmatrix_engine.strategies.replay import Difference
from quantmatrix_engine.vocabulary import RunStatus
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, checks
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.defs.signals import outcomes, replays
from quantmatrix_pipelines.defs.signals.evaluation import Inputs, Judged, Stamp, judge
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.io_managers.lake import look_back
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import COHORT_KEYS, cohorts_in, sessions_in, user_partitions
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.settings import Settings
from quantmatrix_pipelines.stores import (
    evaluations,
    instruments,
    market_data,
    memberships,
    positions,
    risk_limits,
    strategies,
)
from quantmatrix_pipelines.stores import signals as stored
from quantmatrix_pipelines.stores.signals import StoredSignal

# So many signals of a session are derived again each evening.
_REPLAYED = 20


def assets(window: Window) -> list[dg.AssetsDefinition]:
    """Gives the assets of signals over the sessions of `window` and the cohorts."""

    @dg.asset(
        group_name="signals",
        owners=[catalog.SIGNALS_TEAM],
        kinds={"postgres", "polars"},
        partitions_def=user_partitions(window),
        backfill_policy=dg.BackfillPolicy.single_run(),
        metadata=catalog.described(Signals, table="quantmatrix.public.signals"),
        ins={
            "indicators": dg.AssetIn(input_manager_key="lake_input"),
            "bars": dg.AssetIn(
                input_manager_key="lake_input", metadata=look_back(MEASURED_SESSIONS - 1)
            ),
        },
        check_specs=[
            dg.AssetCheckSpec(
                "contract",
                asset="signals",
                blocking=True,
                description="Strength, levels and sizes are in range; a stop is below the price.",
            ),
            dg.AssetCheckSpec(
                "strategies_ran",
                asset="signals",
                description="Every enabled strategy could be evaluated.",
            ),
            dg.AssetCheckSpec(
                "replayed",
                asset="signals",
                description="A sample of the newest session's signals, derived again from the bars"
                " known then, is the same.",
            ),
        ],
    )
    @retried
    def signals(  # noqa: PLR0913, PLR0917
        context: dg.AssetExecutionContext,
        indicators: pl.DataFrame,
        bars: pl.DataFrame,
        feed: dg.ResourceParam[Provider],
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        settings: dg.ResourceParam[Settings],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        """What each enabled strategy says of each instrument, with the rules behind it.

        Rows are only added: evaluating a session again repeats nothing that was said. A signal that
        breaks the contract is not said; it is a finding of its user.
        """
        sessions, cohorts = sessions_in(context.partition_keys), cohorts_in(context.partition_keys)
        asked = strategies.enabled(database, cohorts)
        catalogue = instruments.catalogue(database)
        in_index = memberships.memberships(database)
        of_positions = [one.user_id for one in asked if one.universe.get("positions")]
        holdings = positions.holdings(database, of_positions)
        limits = risk_limits.limits(database, cohorts)
        refused = market_data.quarantined(database, sessions[0], sessions[-1])
        stamp = Stamp(clock(), settings.code_version, context.run.run_id)
        judged: list[Judged] = []
        added = 0
        for session in sessions:
            seen = Inputs(
                session,
                feed.name,
                indicators.filter(pl.col("session") == session),
                preferred(bars.filter(pl.col("session") <= session), names_of(feed)),
                catalogue,
                members(in_index, session),
                holders(holdings, session),
                refused,
                risk_limits.risk(database, limits, session),
            )
            judged.append(judge(asked, seen, stamp))
            last = judged[-1]
            market_data.record_findings(database, last.findings)
            added += evaluations.record(
                database, last.runs, last.signals, last.withheld, universes=last.universes
            ).signals
            context.log.info("%s: %d signals of %d strategies", session, added, len(asked))
        cohort = {one.user_id: one.cohort for one in asked}
        ledger = pl.concat([one.runs for one in judged])
        counts: Counter[str] = Counter()
        for run in ledger.iter_rows(named=True):
            counts[f"{run['session']}|{COHORT_KEYS[cohort[run['user_id']]]}"] += run["signals"]
        catalog.count_partitions(context, "signals", counts)
        sample = stored.sample(database, sessions[-1], cohorts, limit=_REPLAYED)
        derivable = replays.of_present_versions(sample)
        differing = replays.replayed(
            derivable, lake, database, providers=names_of(feed), benchmark=settings.benchmark
        )
        check = _replayed(sample, differing | replays.not_asked(sample), derived=len(derivable))
        return _result(judged, added, total=evaluations.count(database), replayed=check)

    return [signals, outcomes.asset(window)]


def _replayed(
    sample: Sequence[StoredSignal], differing: dict[int, Difference], *, derived: int
) -> dg.AssetCheckResult:
    left = len(sample) - derived
    of_before = f" {left} of another version of their kind left out." if left else ""
    return checks.result(
        "replayed",
        replays.told(sample, differing),
        is_error=True,
        description=f"{derived} signals derived again, {len(differing)} differ.{of_before}",
    )


def _result(
    judged: list[Judged], added: int, *, total: int, replayed: dg.AssetCheckResult
) -> dg.MaterializeResult:
    runs = pl.concat([one.runs for one in judged])
    failed = runs.filter(pl.col("status") == RunStatus.FAILED.value)
    findings = pl.concat([one.findings for one in judged])
    said = sum(one.signals.height for one in judged)
    return dg.MaterializeResult(
        metadata=catalog.rows(
            total,
            said=said,
            added=added,
            strategies=runs.get_column("strategy_id").n_unique(),
            users=runs.get_column("user_id").n_unique(),
            withheld=sum(one.withheld.height for one in judged),
        ),
        check_results=[
            checks.result(
                "contract",
                findings,
                is_error=checks.is_systemic(findings.height, said + findings.height + 1),
                description=f"{said:,} signals kept, {findings.height:,} rules broken.",
            ),
            checks.result(
                "strategies_ran",
                failed.select("session", "user_id", "strategy_id", "error"),
                is_error=False,
                description=f"{runs.height - failed.height} of {runs.height} runs succeeded.",
            ),
            replayed,
        ],
    )
