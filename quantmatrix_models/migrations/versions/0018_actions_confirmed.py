"""Since when a corporate action is believed, and findings about actions and providers."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_BEFORE = (
    *("missing_column", "unreadable_file", "not_a_number", "not_a_date", "mixed_time_zone"),
    *("missing_symbol", "null_price", "nonpositive_price", "null_volume", "negative_volume"),
    *("high_below_low", "open_outside_range", "close_outside_range", "duplicate_key"),
    *("not_a_session", "unknown_symbol", "ambiguous_symbol", "contradicted_symbol"),
    "broken_contract",
    *("missing_session", "stale_series", "spike_reverts", "unit_error", "split_not_applied"),
    *("unexplained_jump", "zero_volume", "flat_zero_volume", "repeated_bar"),
    *("dividend_not_in_price", "dividend_not_adjusted", "dividend_misstated"),
    *("dividend_repeated", "capital_gains_counted_twice"),
)
_NEW = ("unconfirmed_action", "provider_disagreement", "provider_failed")
_ACTIONS = "corporate_actions"
_ROLES = ("quantmatrix_pipeline", "quantmatrix_admin")


def upgrade() -> None:
    comment = "Moment (UTC) all that confirms it was known; null: it is not confirmed."
    op.add_column(_ACTIONS, sa.Column("confirmed_at", sa.DateTime(timezone=True), comment=comment))
    # Until now nothing confirmed an action but whoever wrote it down.
    op.execute("UPDATE corporate_actions SET confirmed_at = known_at WHERE status = 'confirmed'")
    op.create_check_constraint(
        op.f("ck_corporate_actions_confirmed_when"),
        _ACTIONS,
        "(status = 'confirmed') = (confirmed_at IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_corporate_actions_confirmed_after_known"), _ACTIONS, "confirmed_at >= known_at"
    )
    op.create_index("ix_corporate_actions_ex_date", _ACTIONS, ["ex_date"])
    for role in _ROLES:
        op.execute(f"GRANT UPDATE (confirmed_at) ON corporate_actions TO {role}")
    _allow(*_BEFORE, *_NEW)


def downgrade() -> None:
    # The older schema has no word for them; materializing the sessions again finds them again.
    listed = ", ".join(f"'{rule}'" for rule in _NEW)
    op.execute("ALTER TABLE findings NO FORCE ROW LEVEL SECURITY")
    op.execute(f"DELETE FROM findings WHERE rule IN ({listed})")  # noqa: S608
    op.execute("ALTER TABLE findings FORCE ROW LEVEL SECURITY")
    _allow(*_BEFORE)
    op.drop_index("ix_corporate_actions_ex_date", table_name=_ACTIONS)
    op.drop_column(_ACTIONS, "confirmed_at")


def _allow(*rules: str) -> None:
    listed = ", ".join(f"'{rule}'" for rule in rules)
    op.drop_constraint(op.f("ck_findings_rule"), "findings", type_="check")
    op.create_check_constraint(op.f("ck_findings_rule"), "findings", f"rule IN ({listed})")
