"""Findings of symbols that mean several instruments, or that sources contradict each other about."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_BEFORE = (
    *("missing_column", "unreadable_file", "not_a_number", "not_a_date", "mixed_time_zone"),
    *("missing_symbol", "null_price", "nonpositive_price", "null_volume", "negative_volume"),
    *("high_below_low", "open_outside_range", "close_outside_range", "duplicate_key"),
    *("not_a_session", "unknown_symbol", "broken_contract"),
    *("missing_session", "stale_series", "spike_reverts", "unit_error", "split_not_applied"),
    *("unexplained_jump", "zero_volume", "flat_zero_volume", "repeated_bar"),
    *("dividend_not_in_price", "dividend_not_adjusted", "dividend_misstated"),
    *("dividend_repeated", "capital_gains_counted_twice"),
)
_OF_SYMBOLS = ("ambiguous_symbol", "contradicted_symbol")


def upgrade() -> None:
    at = _BEFORE.index("broken_contract")
    _allow(*_BEFORE[:at], *_OF_SYMBOLS, *_BEFORE[at:])


def downgrade() -> None:
    # The older schema has no word for them; materializing the sessions again finds them again.
    listed = ", ".join(f"'{rule}'" for rule in _OF_SYMBOLS)
    op.execute("ALTER TABLE findings NO FORCE ROW LEVEL SECURITY")
    op.execute(f"DELETE FROM findings WHERE rule IN ({listed})")  # noqa: S608
    op.execute("ALTER TABLE findings FORCE ROW LEVEL SECURITY")
    _allow(*_BEFORE)


def _allow(*rules: str) -> None:
    listed = ", ".join(f"'{rule}'" for rule in rules)
    op.drop_constraint(op.f("ck_findings_rule"), "findings", type_="check")
    op.create_check_constraint(op.f("ck_findings_rule"), "findings", f"rule IN ({listed})")
