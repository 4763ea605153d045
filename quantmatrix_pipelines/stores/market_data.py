"""What was fetched, and what was wrong with it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection, text

from quantmatrix_engine.vocabulary import FLAGGING_RULES, FindingRule, Severity
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import bulk

QUARANTINED_SCHEMA = {"symbol": pl.String, "session": pl.Date, "rule": pl.String}


def record_findings(database: Database, findings: pl.DataFrame) -> int:
    """Adds findings (contract Findings) that are not recorded yet; gives how many those were."""
    with database.transaction(Role.PIPELINE) as connection:
        return add_findings(connection, findings)


def add_findings(connection: Connection, findings: pl.DataFrame) -> int:
    """Does the same within a transaction."""
    kept = findings.with_columns(_without_zero(pl.col("row")))
    return bulk.insert_new(connection, "findings", kept)


def record_delivered(database: Database, findings: pl.DataFrame, *, at: dt.datetime) -> int:
    """Adds findings about what a source delivered at a moment; gives how many those were.

    A delivery is asked for again and again: what a finding that no later delivery answered says of
    the same row already is not recorded a second time, whenever it is said. A row that is wrong in
    another way, or again after it was right, is.
    """
    if findings.is_empty():
        return 0
    with database.transaction(Role.PIPELINE) as connection:
        said = _said_of(connection, findings)
        unsaid = findings.with_columns(_as_text(pl.col("value"))).join(
            said, on=said.columns, how="anti", nulls_equal=True, maintain_order="left"
        )
        moment = pl.lit(at).cast(pl.Datetime("us", "UTC"))
        return add_findings(connection, unsaid.with_columns(pl.col("known_at").fill_null(moment)))


_STATEMENT = {
    "provider": pl.String,
    "source": pl.String,
    "source_row": pl.Int64,
    "symbol": pl.String,
    "session": pl.Date,
    "rule": pl.String,
    "column": pl.String,
    "value": pl.String,
}


def _said_of(connection: Connection, findings: pl.DataFrame) -> pl.DataFrame:
    """Gives what findings of the same sources say that no later delivery answered."""
    rows = connection.execute(
        text(
            'SELECT provider, source, source_row, symbol, session, rule, "column", value'
            " FROM findings WHERE user_id IS NULL AND provider = ANY(:providers)"
            " AND source = ANY(:sources) AND status <> 'corrected'"
        ),
        {
            "providers": findings.get_column("provider").unique().to_list(),
            "sources": findings.get_column("source").unique().to_list(),
        },
    )
    return pl.DataFrame(rows.all(), schema=_STATEMENT, orient="row")


def _as_text(value: pl.Expr) -> pl.Expr:
    """Gives a text as a table keeps it, without the zero character."""
    return value.str.replace_all("\x00", "\ufffd", literal=True)


def _without_zero(document: pl.Expr) -> pl.Expr:
    """Writes U+FFFD for the zero character, which PostgreSQL refuses in JSON.

    Escaped backslashes are put aside meanwhile: behind one, `u0000` is an ordinary text.
    """
    aside = document.str.replace_all(r"\\", "\x00", literal=True)
    replaced = aside.str.replace_all(r"\u0000", r"\ufffd", literal=True)
    return replaced.str.replace_all("\x00", r"\\", literal=True)


def quarantined(database: Database, first: dt.date, last: dt.date) -> pl.DataFrame:
    """Gives symbol, session and rule of the bars of these sessions that stand in quarantine.

    A flag keeps no bar out, unless somebody rejected it.
    """
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                "SELECT DISTINCT symbol, session, rule FROM findings"
                " WHERE session BETWEEN :first AND :last"
                " AND (status = 'rejected' OR (status = 'open' AND rule <> ALL(:flags)))"
                " AND symbol IS NOT NULL AND user_id IS NULL"
            ),
            {"first": first, "last": last, "flags": sorted(FLAGGING_RULES)},
        )
        return pl.DataFrame(rows.all(), schema=QUARANTINED_SCHEMA, orient="row")


def record_fetch(database: Database, fetch: dict[str, object]) -> None:
    """Adds what a provider was asked and how much it answered (columns of provider_fetches).

    A provider that is not among the data providers yet becomes one.
    """
    with database.transaction(Role.PIPELINE) as connection:
        connection.execute(
            text("INSERT INTO data_providers (name) VALUES (:name) ON CONFLICT DO NOTHING"),
            {"name": fetch["provider"]},
        )
        bulk.insert_new(connection, "provider_fetches", pl.DataFrame([fetch]))


@dataclass(frozen=True)
class Fetch:
    """A range of sessions a provider was asked for, and the run that asked."""

    first: dt.date
    last: dt.date
    dagster_run_id: str


def fetched(database: Database, providers: Sequence[str], version: str) -> list[Fetch]:
    """Gives the fetches of daily bars since the data of these providers took on this state.

    Those that were asked one after another, at one moment by one run, are one fetch: of all that
    any of them was asked for, where one that was asked did not fail.
    """
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                "SELECT min(first_session), max(last_session), dagster_run_id FROM provider_fetches"
                " WHERE provider = ANY(:providers) AND kind = 'bars'"
                " AND id > coalesce((SELECT max(id) FROM provider_fetches"
                " WHERE provider = ANY(:providers) AND kind = 'bars' AND status = 'succeeded'"
                " AND version <> :version), 0)"
                " GROUP BY dagster_run_id, fetched_at, kind"
                " HAVING bool_or(status = 'succeeded') ORDER BY min(id)"
            ),
            {"providers": list(providers), "version": version},
        )
        return [Fetch(*row) for row in rows]


def findings_by_rule(database: Database) -> list[tuple[str, int]]:
    """Gives how many findings are open, by rule, the most frequent first."""
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                "SELECT rule, count(*) FROM findings WHERE status = 'open'"
                " GROUP BY rule ORDER BY count(*) DESC, rule"
            )
        )
        return [(rule, count) for rule, count in rows]


@dataclass(frozen=True)
class Wanted:
    """Which open findings are asked for: of these severities, and of one rule or symbol if named.

    Findings of severity `info` are most often honest (a bar nothing traded in), and many.
    """

    severities: tuple[Severity, ...] = (Severity.ERROR, Severity.WARNING)
    rule: FindingRule | None = None
    symbol: str | None = None


NOT_INFO = Wanted()


def newest_findings(database: Database, limit: int, *, wanted: Wanted = NOT_INFO) -> pl.DataFrame:
    """Gives the newest open findings, for a person to read."""
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                "SELECT id, severity, rule, source, source_row, symbol, session,"
                f' "column", value, expected FROM findings WHERE {_OPEN_AND_NAMED}'
                " AND severity = ANY(:severities) ORDER BY id DESC LIMIT :limit"
            ),
            {"limit": limit, "severities": list(wanted.severities), **_named(wanted)},
        )
        return pl.DataFrame(
            rows.all(), schema=list(rows.keys()), orient="row", infer_schema_length=None
        )


def count_by_severity(database: Database, *, wanted: Wanted = NOT_INFO) -> dict[Severity, int]:
    """Gives how many open findings of the rule and symbol there are, of every severity."""
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                f"SELECT severity, count(*) FROM findings WHERE {_OPEN_AND_NAMED} GROUP BY severity"
            ),
            _named(wanted),
        )
        return {Severity(severity): count for severity, count in rows}


_OPEN_AND_NAMED = (
    "status = 'open' AND (CAST(:rule AS text) IS NULL OR rule = :rule)"
    " AND (CAST(:symbol AS text) IS NULL OR symbol = :symbol)"
)


def _named(wanted: Wanted) -> dict[str, str | None]:
    return {"rule": wanted.rule, "symbol": wanted.symbol}
