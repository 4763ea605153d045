import pytest
from pipelines.rows import findings
from pipelines.test_cli import complaint, said
from typer.testing import CliRunner

from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores import market_data


def test_findings_are_listed_with_file_and_line(asking: CliRunner, database: Database):
    assert said(asking, "findings", "list") == ""
    market_data.record_findings(database, findings({"value": "NaN"}))
    assert said(asking, "findings", "list") == (
        "1  bars.csv:7  AAA 2026-11-20  null_price close: 'NaN', expected a price\n"
    )


def test_a_list_of_findings_leaves_out_info_and_counts_what_it_left_out(
    asking: CliRunner, database: Database
):
    rows = [{"source_row": line, "severity": "info", "rule": "repeated_bar"} for line in range(3)]
    others = [{"source_row": line, "symbol": "BBB"} for line in (7, 8)]
    market_data.record_findings(database, findings(*rows, *others))
    assert said(asking, "findings", "list", "--limit", "1") == (
        "5  bars.csv:8  BBB 2026-11-20  null_price close: None, expected a price\n"
        "Left out: 1 older (--limit); 3 of severity info (--severity info).\n"
    )
    info = said(asking, "findings", "list", "--severity", "info", "--limit", "9")
    assert (info.count("repeated_bar"), info.count("null_price")) == (3, 0)
    assert info.endswith("Left out: 2 of severity error (--severity error).\n")
    both = said(asking, "findings", "list", "--severity", "info", "--severity", "error")
    assert (both.count("\n"), "Left out" in both) == (5, False)


def test_findings_are_listed_of_one_rule_or_symbol(asking: CliRunner, database: Database):
    market_data.record_findings(
        database, findings({}, {"rule": "not_a_number"}, {"symbol": "BBB", "source_row": 8})
    )
    assert said(asking, "findings", "list", "--rule", "null_price").count("\n") == 2
    assert said(asking, "findings", "list", "--symbol", "BBB").startswith("3  bars.csv:8  BBB")
    assert said(asking, "findings", "list", "--symbol", "BBB", "--rule", "not_a_number") == ""
    unknown = complaint(asking, "findings", "list", "--rule", "null_prices")
    assert "'null_prices' is no rule. Did you mean 'null_price'?" in unknown


def test_findings_are_released_and_rejected_with_a_reason(asking: CliRunner, database: Database):
    market_data.record_findings(database, findings({"rule": "high_below_low"}, {"source_row": 8}))
    assert "1 findings released" in said(asking, "findings", "release", "1", "--reason", "checked")
    assert "1 findings rejected" in said(asking, "findings", "reject", "2", "--reason", "an outage")
    assert said(asking, "findings", "list") == ""
    told = said(asking, "audit", "list")
    assert "changed" in told
    assert "findings" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["release", "1", "--reason", "x"], "Finding 1 is null_price"),
        (["release", "9", "--reason", "x"], "No finding has the id 9"),
        (["reject", "1", "9", "--reason", "x"], "No finding has the id 9"),
        (["reject", "1", "--reason", " "], "A decision needs a reason"),
    ],
)
def test_a_decision_that_cannot_be_made_changes_nothing(
    asking: CliRunner, database: Database, arguments: list[str], told: str
):
    market_data.record_findings(database, findings({}))
    assert told in complaint(asking, "findings", *arguments)
    assert "null_price" in said(asking, "findings", "list")
