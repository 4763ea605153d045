"""`quantmatrix findings`: what is wrong with market data."""

from typing import Annotated, Any

import typer

from quantmatrix_engine.vocabulary import FindingStatus
from quantmatrix_pipelines.cli.session import installation

app = typer.Typer(help="Rows of market data in quarantine.", no_args_is_help=True)

Ids = Annotated[
    list[int], typer.Argument(help="The numbers `findings list` begins its lines with.")
]
Reason = Annotated[str, typer.Option(help="Why, for whoever reads the audit trail.")]


@app.command("list")
def list_findings(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
) -> None:
    """List open findings: number, file, line, symbol, session, rule, value, what would be right."""
    from quantmatrix_pipelines.stores import market_data

    with installation() as here:
        for one in market_data.newest_findings(here.database, limit).iter_rows(named=True):
            typer.echo(in_words(one))


@app.command()
def release(ids: Ids, reason: Reason) -> None:
    """Take the rows of findings for good; they come in when their session runs again."""
    _decide(ids, FindingStatus.RELEASED, reason)


@app.command()
def reject(ids: Ids, reason: Reason) -> None:
    """Keep the rows of findings out, flagged bars too, when their session runs again."""
    _decide(ids, FindingStatus.REJECTED, reason)


def _decide(ids: list[int], status: FindingStatus, reason: str) -> None:
    from quantmatrix_engine.errors import SettingsError
    from quantmatrix_pipelines.stores import decisions

    if not reason.strip():
        raise SettingsError("A decision needs a reason; say why, in words.")
    with installation() as here:
        decisions.decide(here.database, ids, status, reason=reason, trail=here.trail())
        typer.echo(
            f"{len(set(ids))} findings {status.value}; materialize `bars` of their sessions."
        )


def in_words(finding: dict[str, Any]) -> str:
    """Gives a finding as one line: where it is, what is wrong, and what would be right."""
    line = "" if finding["source_row"] is None else f":{finding['source_row']}"
    about = " ".join(str(finding[name]) for name in ("symbol", "session") if finding[name])
    column = f" {finding['column']}" if finding["column"] else ""
    return (
        f"{finding['id']}  {finding['source']}{line}  {about}  {finding['rule']}{column}: "
        f"{finding['value']!r}, expected {finding['expected']}"
    )
