"""purchases, and leads in full"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep who said what of whom, what was bought for how much, campaigns, stops of spending, and incidents."""
    op.add_column("companies", sa.Column("chosen", sa.JSON(), nullable=True))
    op.add_column("leads", sa.Column("chosen", sa.JSON(), nullable=True))
    op.create_table(
        "statements",
        sa.Column("entity_id", sa.String(), primary_key=True),
        sa.Column("source", sa.String(), primary_key=True),
        sa.Column("fields", sa.JSON(), nullable=False),
    )
    op.create_table(
        "lead_keys",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("lead_id", sa.String(), nullable=False, index=True),
    )
    op.create_table(
        "merged_leads",
        sa.Column("lead_id", sa.String(), primary_key=True),
        sa.Column("into_lead_id", sa.String(), nullable=False, index=True),
        sa.Column("merged_at", sa.DateTime(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
    )
    op.create_table(
        "campaigns",
        sa.Column("campaign_id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("ceiling_usd", sa.Float(), nullable=True),
        sa.Column("known_at", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "campaign_leads",
        sa.Column("campaign_id", sa.String(), primary_key=True),
        sa.Column("lead_id", sa.String(), primary_key=True, index=True),
        sa.Column("joined_at", sa.DateTime(), nullable=False),
    )
    with op.batch_alter_table("enrichment_queue") as table:
        table.alter_column("company_id", new_column_name="subject_id")
        table.add_column(sa.Column("kind", sa.String(), nullable=False, server_default="company"))
        table.add_column(sa.Column("campaign_id", sa.String(), nullable=True))
        table.add_column(sa.Column("batch", sa.String(), nullable=True))
        table.add_column(sa.Column("behind", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(op.f("ix_enrichment_queue_batch"), "enrichment_queue", ["batch"])
    op.drop_index(op.f("ix_enrichment_queue_priority"), "enrichment_queue")
    op.execute(sa.text("UPDATE enrichment_queue SET behind = -priority"))
    order = ["state", "kind", "behind", "queued_at", "subject_id"]
    op.create_index("ix_enrichment_queue_order", "enrichment_queue", order)
    with op.batch_alter_table("signals") as table:
        table.add_column(sa.Column("reserved", sa.Float(), nullable=False, server_default="0"))
        table.add_column(sa.Column("campaign_id", sa.String(), nullable=True))
        table.add_column(sa.Column("order_id", sa.String(), nullable=True))
        table.add_column(sa.Column("ordered_at", sa.DateTime(), nullable=True))
    op.create_index(op.f("ix_signals_state"), "signals", ["state"])
    op.create_index(op.f("ix_signals_fetched_at"), "signals", ["fetched_at"])
    op.create_table(
        "purchases",
        sa.Column("entity_id", sa.String(), primary_key=True),
        sa.Column("signal", sa.String(), primary_key=True),
        sa.Column("order_id", sa.String(), primary_key=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=True, index=True),
        sa.Column("bought_at", sa.DateTime(), nullable=False, index=True),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "spending_stops",
        sa.Column("source", sa.String(), primary_key=True),
        sa.Column("stopped_at", sa.DateTime(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
    )
    op.create_table(
        "incidents",
        sa.Column("incident_id", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
    )
    still_open = sa.text("closed_at IS NULL")
    op.create_index(
        "uq_incidents_open",
        "incidents",
        ["kind", "subject"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )


def downgrade() -> None:
    """Undo the change."""
    for table in (
        "incidents", "spending_stops", "purchases", "campaign_leads", "campaigns", "merged_leads", "lead_keys",
        "statements",
    ):  # fmt: skip
        op.drop_table(table)
    op.drop_index(op.f("ix_signals_fetched_at"), "signals")
    op.drop_index(op.f("ix_signals_state"), "signals")
    with op.batch_alter_table("signals") as changed:
        for column in ("ordered_at", "order_id", "campaign_id", "reserved"):
            changed.drop_column(column)
    op.drop_index("ix_enrichment_queue_order", "enrichment_queue")
    op.create_index(op.f("ix_enrichment_queue_priority"), "enrichment_queue", ["priority"])
    op.drop_index(op.f("ix_enrichment_queue_batch"), "enrichment_queue")
    with op.batch_alter_table("enrichment_queue") as changed:
        for column in ("behind", "batch", "campaign_id", "kind"):
            changed.drop_column(column)
        changed.alter_column("subject_id", new_column_name="company_id")
    op.drop_column("leads", "chosen")
    op.drop_column("companies", "chosen")
