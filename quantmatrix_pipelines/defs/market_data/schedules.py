"""After each close of the exchange, the session's market data and all beside it are fetched."""

import datetime as dt

import dagster as dg

from quantmatrix_engine import calendars
from quantmatrix_pipelines.automation import AssetJob
from quantmatrix_pipelines.defs.market_data.intraday_bars import NOT_CONFIGURED
from quantmatrix_pipelines.home import Window

# 00:15 UTC is 19:15 or 20:15 in New York: after the close in summer and in winter, half days
# included, and after 00:00 UTC, when the session's partition comes to exist. Tuesday to Saturday
# in UTC are Monday to Friday evenings there.
CRON = "15 0 * * 2-6"


# Two hours later, when the bars have had the provider's quota, and before the next session opens.
# On its own: what is not asked for now cannot be asked for later, whatever became of the chain.
FUNDAMENTALS_CRON = "15 2 * * 2-6"


# In between, for the same reasons: what providers keep of five minutes they keep for weeks.
INTRADAY_CRON = "15 1 * * 2-6"


def schedules(
    window: Window,
    *,
    market_data: AssetJob,
    company_data: AssetJob,
    intraday_data: AssetJob,
    has_intraday: bool,
) -> list[dg.ScheduleDefinition]:
    """Gives the schedule of the session's first run (sensors request the next ones), and those of
    the fundamentals and the intraday bars, which nothing follows.

    Where `has_intraday` says that no intraday bars are configured, their schedule skips, and says
    so.
    """

    @dg.schedule(
        cron_schedule=CRON,
        execution_timezone="UTC",
        job=market_data,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=(
            "Fetches the session that has just closed on XNYS, at 00:15 UTC (evening in New York). "
            "Weekends and holidays are skipped."
        ),
    )
    def session_close(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return _asked(context, window, "market_data")

    @dg.schedule(
        cron_schedule=FUNDAMENTALS_CRON,
        execution_timezone="UTC",
        job=company_data,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=(
            "Asks for the fundamentals of the session that closed last on XNYS, at 02:15 UTC. "
            "Weekends and holidays are skipped; signals do not wait for it."
        ),
    )
    def session_fundamentals(
        context: dg.ScheduleEvaluationContext,
    ) -> dg.RunRequest | dg.SkipReason:
        return _asked(context, window, "company_data")

    @dg.schedule(
        cron_schedule=INTRADAY_CRON,
        execution_timezone="UTC",
        job=intraday_data,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=(
            "Fetches the intraday bars of the session that closed last on XNYS, at 01:15 UTC. "
            "Weekends and holidays are skipped, and so is all where none are configured."
        ),
    )
    def session_intraday(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if not has_intraday:
            return dg.SkipReason(NOT_CONFIGURED)
        return _asked(context, window, "intraday_data")

    return [session_close, session_intraday, session_fundamentals]


def _asked(
    context: dg.ScheduleEvaluationContext, window: Window, job: str
) -> dg.RunRequest | dg.SkipReason:
    """Gives the run of the session that closed on the evening of a tick, or why there is none."""
    session = (context.scheduled_execution_time - dt.timedelta(days=1)).date()
    if not calendars.is_session(session):
        return dg.SkipReason(f"{calendars.EXCHANGE} did not trade on {session:%A %Y-%m-%d}.")
    if window.last is not None and session > window.last:
        return dg.SkipReason(
            f"The feed ended on {window.last}; name one that goes on in QUANTMATRIX_BARS."
        )
    if session < window.first:
        return dg.SkipReason(f"Partitions begin at {window.first}.")
    return dg.RunRequest(run_key=f"{job}:{session}", partition_key=str(session))
