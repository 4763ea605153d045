"""`quantmatrix findings`: what is wrong with market data."""

from typing import Annotated, Any

import typer

from quantmatrix_pipelines.cli.session import installation

app = typer.Typer(help="Rows of market data in quarantine.", no_args_is_help=True)


@app.command("list")
def list_findings(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
) -> None:
    """List open findings: file, line, symbol, session, rule, value, what would be right."""
    from quantmatrix_pipelines.stores import market_data

    with installation() as here:
        for one in market_data.newest_findings(here.database, limit).iter_rows(named=True):
            typer.echo(in_words(one))


def in_words(finding: dict[str, Any]) -> str:
    """Gives a finding as one line: where it is, what is wrong, and what would be right."""
    line = "" if finding["source_row"] is None else f":{finding['source_row']}"
    about = " ".join(str(finding[name]) for name in ("symbol", "session") if finding[name])
    column = f" {finding['column']}" if finding["column"] else ""
    return (
        f"{finding['source']}{line}  {about}  {finding['rule']}{column}: "
        f"{finding['value']!r}, expected {finding['expected']}"
    )
