"""health: standings, history, what is told of incidents"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = ("health_standings", "health_history", "incident_notices")


def upgrade() -> None:
    """Make the tables; incidents get a severity. Those that are there were told of in another way: no notice is due."""
    with op.batch_alter_table("incidents") as table:
        table.add_column(sa.Column("severity", sa.String(), nullable=False, server_default="needs_attention"))
        table.add_column(sa.Column("escalated_at", sa.DateTime(), nullable=True))
        table.add_column(sa.Column("recovered_words", sa.Text(), nullable=True))
    for name, more in (
        ("health_standings", [
            sa.Column("measured_at", sa.DateTime(), nullable=False), sa.Column("since", sa.DateTime(), nullable=False),
            sa.Column("consecutive", sa.Integer(), nullable=False),
        ]),
        ("health_history", [sa.Column("measured_at", sa.DateTime(), primary_key=True)]),
    ):  # fmt: skip
        op.create_table(
            name,
            sa.Column("component", sa.String(), primary_key=True),
            sa.Column("check", sa.String(), primary_key=True),
            sa.Column("status", sa.String(), nullable=False),
            sa.Column("words", sa.Text(), nullable=False),
            sa.Column("value", sa.Float(), nullable=True),
            sa.Column("unit", sa.String(), nullable=True),
            *more,
        )
    op.create_index("ix_health_history_measured_at", "health_history", ["measured_at"])
    op.create_table(
        "incident_notices",
        sa.Column("incident_id", sa.String(), primary_key=True),
        sa.Column("step", sa.String(), primary_key=True),
        sa.Column("channel", sa.String(), primary_key=True),
        sa.Column("recipient", sa.String(), primary_key=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=True),
        sa.Column("settled_at", sa.DateTime(), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
    )
    op.create_index("ix_incident_notices_order", "incident_notices", ["state", "due_at"])
    op.execute(
        sa.text(
            "INSERT INTO incident_notices (incident_id, step, channel, recipient, words, noted_at, due_at, state, "
            "attempts, because) SELECT incident_id, 'opened', 'before', '', words, opened_at, opened_at, 'skipped', 0, "
            "'opened before notices were kept' FROM incidents"
        )
    )


def downgrade() -> None:
    """Take them away."""
    for name in TABLES:
        op.drop_table(name)
    with op.batch_alter_table("incidents") as table:
        for column in ("severity", "escalated_at", "recovered_words"):
            table.drop_column(column)
