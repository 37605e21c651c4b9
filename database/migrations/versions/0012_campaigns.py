"""campaigns: cards, decisions, enrolments, messages, tasks"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NOT_ENDED = sa.text("ended_at IS NULL")
NOT_LANDED = sa.text("landed_at IS NULL")

TABLES = (
    "lead_cards",
    "decisions",
    "overrides",
    "enrolments",
    "outbox",
    "send_attempts",
    "suppressions",
    "tasks",
    "routing_turns",
    "experiment_verdicts",
)


def upgrade() -> None:
    """Make the tables; a campaign gets its state and conduct."""
    with op.batch_alter_table("campaigns") as table:
        table.add_column(sa.Column("state", sa.String(), nullable=False, server_default="active"))
        table.add_column(sa.Column("conduct", sa.JSON(), nullable=True))
        table.add_column(sa.Column("changed_at", sa.DateTime(), nullable=True))
    op.add_column("engagement_events", sa.Column("landed_at", sa.DateTime(), nullable=True))
    op.create_index("ix_engagement_events_message", "engagement_events", ["message_id"])
    op.create_index(
        "ix_engagement_events_to_land",
        "engagement_events",
        ["received_at", "event_id"],
        sqlite_where=NOT_LANDED,
        postgresql_where=NOT_LANDED,
    )
    op.create_table(
        "lead_cards",
        sa.Column("campaign_id", sa.String(), primary_key=True),
        sa.Column("lead_id", sa.String(), primary_key=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("prediction_id", sa.String(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("dimensions", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=True),
    )
    op.create_index("ix_lead_cards_lead_id", "lead_cards", ["lead_id"])
    op.create_index("ix_lead_cards_outcome", "lead_cards", ["campaign_id", "outcome", "lead_id"])
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("lead_id", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("because", sa.JSON(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("landed_at", sa.DateTime(), nullable=True),
    )
    op.create_index("ix_decisions_campaign", "decisions", ["campaign_id", "kind", "decided_at"])
    op.create_index("ix_decisions_lead", "decisions", ["lead_id", "decided_at"])
    op.create_index(
        "ix_decisions_to_land",
        "decisions",
        ["decided_at", "decision_id"],
        sqlite_where=NOT_LANDED,
        postgresql_where=NOT_LANDED,
    )
    op.create_table(
        "overrides",
        sa.Column("override_id", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("lead_id", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
    )
    op.create_index("ix_overrides_lead", "overrides", ["campaign_id", "lead_id", "kind"])
    op.create_table(
        "enrolments",
        sa.Column("enrolment_id", sa.String(), primary_key=True),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("lead_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.String(), nullable=False),
        sa.Column("sequence_hash", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=True),
        sa.Column("engaged_at", sa.DateTime(), nullable=True),
        sa.Column("folded_to", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("ended_as", sa.String(), nullable=True),
    )
    op.create_index("ix_enrolments_campaign", "enrolments", ["campaign_id", "ended_at"])
    op.create_index("ix_enrolments_member", "enrolments", ["campaign_id", "lead_id"])
    op.create_index(
        "ix_enrolments_due",
        "enrolments",
        ["due_at", "enrolment_id"],
        sqlite_where=NOT_ENDED,
        postgresql_where=NOT_ENDED,
    )
    op.create_index("ix_enrolments_owner", "enrolments", ["owner", "ended_at"])
    op.create_index(
        "uq_enrolments_lead", "enrolments", ["lead_id"], unique=True, sqlite_where=NOT_ENDED, postgresql_where=NOT_ENDED
    )
    op.create_table(
        "outbox",
        sa.Column("message_id", sa.String(), primary_key=True),
        sa.Column("enrolment_id", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("lead_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("variants", sa.JSON(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("mail", sa.JSON(), nullable=False),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("not_after", sa.DateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("taken_by", sa.String(), nullable=True),
        sa.Column("taken_at", sa.DateTime(), nullable=True),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("settled_at", sa.DateTime(), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.Column("landed_at", sa.DateTime(), nullable=True),
        sa.UniqueConstraint("enrolment_id", "step", name="uq_outbox_once"),
    )
    op.create_index("ix_outbox_lead", "outbox", ["lead_id", "sent_at"])
    op.create_index("ix_outbox_order", "outbox", ["state", "due_at", "message_id"])
    op.create_index("ix_outbox_recipient", "outbox", ["recipient", "sent_at"])
    op.create_index(
        "ix_outbox_to_land",
        "outbox",
        ["settled_at", "message_id"],
        sqlite_where=NOT_LANDED,
        postgresql_where=NOT_LANDED,
    )
    op.create_table(
        "send_attempts",
        sa.Column("message_id", sa.String(), primary_key=True),
        sa.Column("attempt", sa.Integer(), primary_key=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
    )
    op.create_table(
        "suppressions",
        sa.Column("address", sa.String(), primary_key=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
    )
    op.create_table(
        "tasks",
        sa.Column("task_id", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("lead_id", sa.String(), nullable=False),
        sa.Column("enrolment_id", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("escalated_at", sa.DateTime(), nullable=True),
        sa.Column("escalated_to", sa.String(), nullable=True),
        sa.Column("done_at", sa.DateTime(), nullable=True),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("landed_at", sa.DateTime(), nullable=True),
    )
    op.create_index("ix_tasks_lead", "tasks", ["lead_id"])
    op.create_index("ix_tasks_owner", "tasks", ["owner", "done_at", "due_at"])
    op.create_index("ix_tasks_to_land", "tasks", ["created_at"], sqlite_where=NOT_LANDED, postgresql_where=NOT_LANDED)
    op.create_table(
        "routing_turns",
        sa.Column("pool", sa.String(), primary_key=True),
        sa.Column("owner", sa.String(), primary_key=True),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "experiment_verdicts",
        sa.Column("experiment", sa.String(), primary_key=True),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("winner", sa.String(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
    )


def downgrade() -> None:
    """Take them away."""
    for name in TABLES:
        op.drop_table(name)
    op.drop_index("ix_engagement_events_to_land", "engagement_events")
    op.drop_index("ix_engagement_events_message", "engagement_events")
    with op.batch_alter_table("engagement_events") as table:
        table.drop_column("landed_at")
    with op.batch_alter_table("campaigns") as table:
        for column in ("state", "conduct", "changed_at"):
            table.drop_column(column)
