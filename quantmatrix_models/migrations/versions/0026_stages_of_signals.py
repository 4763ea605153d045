"""How far a signal has come: the stage of its outcome, and each stage as it was seen first."""

import sqlalchemy as sa
from alembic import op

from quantmatrix_models.migrations.data import past_row_security
from quantmatrix_models.migrations.statements import statements

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_STAGES = (
    *("pending", "active", "triggered", "target_hit", "stopped", "exited", "expired"),
    *("cancelled", "invalidated"),
)
_OUTCOMES = "signal_outcomes"
_COMMENTS = {
    "sessions_held": (
        "Sessions after the signal''s until through_session, or until it was closed.",
        "Sessions with a bar while it was held, that which triggered it included.",
    ),
    "highest_price": (
        "Highest price of those sessions; null while there are none.",
        "Highest price while it was held; null before.",
    ),
    "lowest_price": (
        "Lowest price of those sessions; null while there are none.",
        "Lowest price while it was held; null before.",
    ),
    "return_pct": (
        "From the signal''s price to the last one, percent; null while unheld.",
        "From the signal''s price to the last one, or to its end, percent; null before.",
    ),
}
_CHECKS = {
    "held_by_stage": "(sessions_held > 0) = "
    "(stage IN ('triggered', 'target_hit', 'stopped', 'exited'))",
    "stopped_by_stage": "hit_stop = (stage = 'stopped')",
    "target_hit_is_named": "stage <> 'target_hit' OR hit_target IS NOT NULL",
}


def upgrade() -> None:
    op.add_column(_OUTCOMES, sa.Column("stage", sa.String(32), comment="How far it came."))
    with past_row_security(_OUTCOMES):
        # What an older row measured is held to have been held.
        op.execute(
            f"UPDATE {_OUTCOMES} SET stage = CASE WHEN sessions_held = 0 THEN 'pending'"  # noqa: S608
            " WHEN hit_stop THEN 'stopped' WHEN hit_target IS NOT NULL THEN 'target_hit'"
            " ELSE 'triggered' END, hit_stop = hit_stop AND sessions_held > 0"
        )
    op.alter_column(_OUTCOMES, "stage", nullable=False)
    for name, rule in {"stage": _one_of("stage"), **_CHECKS}.items():
        op.create_check_constraint(op.f(f"ck_{_OUTCOMES}_{name}"), _OUTCOMES, rule)
    op.create_index(
        "ix_signal_outcomes_open",
        _OUTCOMES,
        ["signal_id"],
        postgresql_where=sa.text("NOT closed"),
    )
    op.create_table(
        "signal_stages",
        sa.Column(
            "user_id", sa.BigInteger(), nullable=False, comment="The user the row belongs to."
        ),
        sa.Column(
            "signal_id", sa.BigInteger(), nullable=False, comment="The signal it is a stage of."
        ),
        sa.Column("stage", sa.String(32), nullable=False, comment="The stage it came to."),
        sa.Column(
            "target",
            sa.SmallInteger(),
            nullable=False,
            comment="Number of the target reached; 0: no target was.",
        ),
        sa.Column("session", sa.Date(), nullable=False, comment="The session it came to it on."),
        sa.Column(
            "price",
            sa.Numeric(20, 6),
            comment="At what price, in the basis of the signal's session; null: at none.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) the row was written.",
        ),
        sa.CheckConstraint(_one_of("stage"), name=op.f("ck_signal_stages_stage")),
        sa.CheckConstraint("price > 0", name=op.f("ck_signal_stages_price_positive")),
        sa.CheckConstraint(
            "target BETWEEN 0 AND 3 AND (target > 0) = (stage = 'target_hit')",
            name=op.f("ck_signal_stages_target_of_stage"),
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (price)", name=op.f("ck_signal_stages_amounts_are_numbers")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "signal_id"],
            ["signals.user_id", "signals.id"],
            name=op.f("fk_signal_stages_user_id_signal_id_signals"),
        ),
        sa.PrimaryKeyConstraint("signal_id", "stage", "target", name=op.f("pk_signal_stages")),
        comment="A stage a signal came to on a session, as it was seen first: only added to.",
    )
    op.create_index("ix_signal_stages_session", "signal_stages", ["session"])
    op.execute(statements("0026_after_tables.sql"))
    _say(1)


def downgrade() -> None:
    _say(0)
    op.drop_table("signal_stages")
    op.drop_index("ix_signal_outcomes_open", table_name=_OUTCOMES)
    for name in ("stage", *_CHECKS):
        op.drop_constraint(op.f(f"ck_{_OUTCOMES}_{name}"), _OUTCOMES)
    op.drop_column(_OUTCOMES, "stage")


def _one_of(column: str) -> str:
    listed = ", ".join(f"'{one}'" for one in _STAGES)
    return f"{column} IN ({listed})"


def _say(version: int) -> None:
    for column, said in _COMMENTS.items():
        op.execute(f"COMMENT ON COLUMN {_OUTCOMES}.{column} IS '{said[version]}'")
