"""`quantmatrix findings`: what is wrong with market data."""

import difflib
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from quantmatrix_engine.vocabulary import FindingRule, FindingStatus, Severity
from quantmatrix_pipelines.cli.session import installation

app = typer.Typer(help="Rows of market data in quarantine.", no_args_is_help=True)

Ids = Annotated[
    list[int], typer.Argument(help="The numbers `findings list` begins its lines with.")
]
Reason = Annotated[str, typer.Option(help="Why, for whoever reads the audit trail.")]


_SHOWN = (Severity.ERROR, Severity.WARNING)


@app.command("list")
def list_findings(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    severity: Annotated[
        list[Severity] | None,
        typer.Option(
            help="Only findings that weigh so much; may be given again. Without it error and"
            " warning: info is what honest bars show, too."
        ),
    ] = None,
    rule: Annotated[
        str | None, typer.Option(help="Only findings of this rule, such as missing_session.")
    ] = None,
    symbol: Annotated[
        str | None, typer.Option(help="Only findings about this symbol, as its provider writes it.")
    ] = None,
) -> None:
    """List open findings: number, file, line, symbol, session, rule, value, what would be right.

    The last line counts the open findings that are left out, and says how to see them.
    """
    from quantmatrix_pipelines.stores import market_data

    wanted = market_data.Wanted(tuple(severity or _SHOWN), _rule(rule), symbol)
    with installation() as here:
        shown = market_data.newest_findings(here.database, limit, wanted=wanted)
        for one in shown.iter_rows(named=True):
            typer.echo(in_words(one))
        counts = market_data.count_by_severity(here.database, wanted=wanted)
    left_out = list(_left_out(counts, wanted.severities, shown=shown.height))
    if left_out:
        typer.echo(f"Left out: {'; '.join(left_out)}.")


def _rule(name: str | None) -> FindingRule | None:
    from quantmatrix_engine.errors import SettingsError

    if name is None or name in set(FindingRule):
        return None if name is None else FindingRule(name)
    near = difflib.get_close_matches(name, [one.value for one in FindingRule], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise SettingsError(f"{name!r} is no rule.{hint} Rules: {', '.join(sorted(FindingRule))}.")


def _left_out(
    counts: dict[Severity, int], severities: Sequence[Severity], *, shown: int
) -> Iterator[str]:
    """Gives in words how many open findings a list does not show, and what would show them."""
    older = sum(counts.get(one, 0) for one in set(severities)) - shown
    if older:
        yield f"{older:,} older (--limit)"
    for one in sorted(set(counts) - set(severities)):
        yield f"{counts[one]:,} of severity {one.value} (--severity {one.value})"


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
