"""What a person reads after a start: what there is, and where."""

from collections import defaultdict
from datetime import date

from rich.table import Table

from quantmatrix_engine import calendars
from quantmatrix_models.database import Database
from quantmatrix_pipelines.cli.findings import in_words
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.settings import Settings
from quantmatrix_pipelines.stores import evaluations, instruments, market_data, outbox

_SHOWN_FINDINGS = 3


def summary(settings: Settings, database: Database, last: date) -> Table:
    """Gives the table of what the chain holds up to the session `last`."""
    evaluated = calendars.sessions(calendars.sessions_before(last, settings.sessions - 1), last)
    held = Lake(str(settings.lake)).sessions("bars")
    table = Table(title="QuantMatrix", show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(overflow="fold")
    table.add_row("Instruments", f"{instruments.catalogue(database).height:,}")
    if held is not None:
        count = len(calendars.sessions(*held))
        table.add_row("Bars", f"{count:,} sessions, {held[0]} to {held[1]}")
    table.add_row("Evaluated", f"{len(evaluated)} sessions, {evaluated[0]} to {evaluated[-1]}")
    for user, text in _signals(database, evaluated).items():
        table.add_row(f"Signals of {user}", text)
    for user, text in _messages(database, evaluated).items():
        table.add_row(f"Messages to {user}", text)
    table.add_row("Findings", _findings(database))
    for finding in market_data.newest_findings(database, _SHOWN_FINDINGS).iter_rows(named=True):
        table.add_row("", in_words(finding))
    table.add_row("Snapshot", str(settings.snapshots / "latest" / "quantmatrix.duckdb"))
    table.add_row("Everything lies in", str(settings.home))
    return table


def _signals(database: Database, sessions: list[date]) -> dict[str, str]:
    found: dict[str, list[str]] = defaultdict(list)
    for user, action, count in evaluations.signals_by_user(database, sessions):
        found[user].append(f"{count:,} {action.replace('_', '-')}")
    return {user: ", ".join(texts) for user, texts in found.items()}


def _messages(database: Database, sessions: list[date]) -> dict[str, str]:
    words = {
        "sent": "sent to Discord",
        "printed": "printed above (no webhook is set)",
        "suppressed": "kept back (about earlier sessions)",
    }
    found: dict[str, list[str]] = defaultdict(list)
    for user, status, count in outbox.counts(database, sessions):
        found[user].append(f"{count} {words.get(status, status)}")
    return {user: ", ".join(texts) for user, texts in found.items()}


def _findings(database: Database) -> str:
    rules = market_data.findings_by_rule(database)
    if not rules:
        return "none"
    texts = ", ".join(f"{count:,} {rule}" for rule, count in rules)
    return f"{texts} (`quantmatrix findings list`)"
