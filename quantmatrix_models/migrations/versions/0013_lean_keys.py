"""No key for what another key implies, and no writing policy for who only reads."""

from alembic import op
from sqlalchemy import text

from quantmatrix_models.migrations.statements import statements

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_OF_PARENT = (
    *("account_balances", "account_performance", "account_syncs", "alert_triggers"),
    *("capital_allocations", "category_instruments", "dividends", "fills", "holding_actions"),
    *("import_rows", "lot_choices", "lot_disposals", "margin_interest", "notification_signals"),
    *("orders", "position_snapshots", "positions", "signal_outcomes", "signals"),
    *("strategy_performance", "strategy_runs", "strategy_versions", "tax_lots", "transactions"),
    *("transfers", "wash_sale_adjustments", "watchlist_instruments", "withheld_signals"),
)
_WITHHELD = "withheld_signals"
_POLICIES = text(
    "SELECT tablename, policyname, roles FROM pg_policies WHERE schemaname = 'public'"
    " AND policyname IN ('all_rows', 'all_rows_to_read') ORDER BY tablename, policyname"
)


def upgrade() -> None:
    for table in _OF_PARENT:
        op.drop_constraint(op.f(f"fk_{table}_user_id_users"), table)
    # Implied by that of the run.
    op.drop_constraint(op.f("fk_withheld_signals_user_id_strategy_id_strategies"), _WITHHELD)
    op.execute(statements("0013_after_tables.sql"))


def downgrade() -> None:
    _join_policies()
    op.create_foreign_key(
        op.f("fk_withheld_signals_user_id_strategy_id_strategies"),
        *(_WITHHELD, "strategies"),
        *(["user_id", "strategy_id"], ["user_id", "id"]),
    )
    for table in _OF_PARENT:
        op.create_foreign_key(
            op.f(f"fk_{table}_user_id_users"), table, "users", ["user_id"], ["id"]
        )


def _join_policies() -> None:
    """Gives who only reads back to the one policy there was."""
    found = {(table, name): set(roles) for table, name, roles in op.get_bind().execute(_POLICIES)}
    for (table, name), readers in found.items():
        if name == "all_rows":
            continue
        op.execute(f"DROP POLICY all_rows_to_read ON {table}")
        roles = ", ".join(sorted(readers | found.get((table, "all_rows"), set())))
        if (table, "all_rows") in found:
            op.execute(f"ALTER POLICY all_rows ON {table} TO {roles}")
        else:
            op.execute(
                f"CREATE POLICY all_rows ON {table} FOR ALL TO {roles}"
                " USING (true) WITH CHECK (true)"
            )
