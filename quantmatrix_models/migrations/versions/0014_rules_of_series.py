"""Findings of a series of bars and of the actions in it."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_RULES_BEFORE = (
    *("missing_column", "unreadable_file", "not_a_number", "not_a_date", "mixed_time_zone"),
    *("missing_symbol", "null_price", "nonpositive_price", "null_volume", "negative_volume"),
    *("high_below_low", "open_outside_range", "close_outside_range", "duplicate_key"),
    *("not_a_session", "unknown_symbol", "broken_contract"),
)
_RULES_OF_SERIES = (
    *("missing_session", "stale_series", "spike_reverts", "unit_error", "split_not_applied"),
    *("unexplained_jump", "zero_volume", "flat_zero_volume", "repeated_bar"),
    *("dividend_not_in_price", "dividend_not_adjusted", "dividend_misstated"),
    *("dividend_repeated", "capital_gains_counted_twice"),
)


def upgrade() -> None:
    _allow(*_RULES_BEFORE, *_RULES_OF_SERIES)


def downgrade() -> None:
    # The older schema has no word for them; the series they are about is still in the lake.
    listed = ", ".join(f"'{rule}'" for rule in _RULES_OF_SERIES)
    op.execute("ALTER TABLE findings NO FORCE ROW LEVEL SECURITY")
    op.execute(f"DELETE FROM findings WHERE rule IN ({listed})")  # noqa: S608
    op.execute("ALTER TABLE findings FORCE ROW LEVEL SECURITY")
    _allow(*_RULES_BEFORE)


def _allow(*rules: str) -> None:
    listed = ", ".join(f"'{rule}'" for rule in rules)
    op.drop_constraint(op.f("ck_findings_rule"), "findings", type_="check")
    op.create_check_constraint(op.f("ck_findings_rule"), "findings", f"rule IN ({listed})")
