"""API keys, the inbox of webhooks, engagement, and what predictions of the service say of themselves

Columns are only added to `predictions`, so that its rows stay as they are on either database.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OF_PREDICTIONS = ("features_hash", "source", "answered_by", "points", "voice_ai_weight", "challenger")
TABLES = (
    "api_keys", "key_usage", "inbox", "engagement_events", "scored_features", "serving", "log_marks", "published",
)  # fmt: skip


def upgrade() -> None:
    """Make the service's tables, and the new columns of predictions."""
    _make_keys()
    _make_inbox()
    op.create_table(
        "scored_features",
        sa.Column("features_hash", sa.String(), primary_key=True),
        sa.Column("row", sa.JSON(), nullable=False),
        sa.Column("first_at", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "serving",
        sa.Column("target", sa.String(), primary_key=True),
        sa.Column("version", sa.String()),
        sa.Column("set_at", sa.DateTime(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
    )
    op.create_table(
        "log_marks",
        sa.Column("file", sa.String(), primary_key=True),
        sa.Column("read_to", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "published",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("as_of", sa.DateTime(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
    )
    op.create_index("ix_leads_known_at", "leads", ["known_at"])
    for column in (
        sa.Column("features_hash", sa.String()),
        sa.Column("source", sa.String(), nullable=False, server_default="flow"),
        sa.Column("answered_by", sa.String(), nullable=False, server_default="champion"),
        sa.Column("points", sa.Float()),
        sa.Column("voice_ai_weight", sa.Float()),
        sa.Column("challenger", sa.JSON()),
    ):
        op.add_column("predictions", column)


def downgrade() -> None:
    """Undo the change."""
    op.drop_index("ix_leads_known_at", "leads")
    for column in OF_PREDICTIONS:
        op.drop_column("predictions", column)
    for table in reversed(TABLES):
        op.drop_table(table)


def _make_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime()),
        sa.Column("revoked_at", sa.DateTime()),
    )
    op.create_table(
        "key_usage",
        sa.Column("key_id", sa.String(), primary_key=True),
        sa.Column("minute", sa.DateTime(), primary_key=True),
        sa.Column("used", sa.Integer(), nullable=False),
    )


def _make_inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("source", sa.String(), primary_key=True),
        sa.Column("delivery_id", sa.String(), primary_key=True),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime()),
        sa.Column("leased_by", sa.String()),
        sa.Column("lease_until", sa.DateTime()),
        sa.Column("failed_because", sa.Text()),
        sa.Column("done_at", sa.DateTime()),
    )
    op.create_index("ix_inbox_order", "inbox", ["state", "source", "received_at", "delivery_id"])
    op.create_table(
        "engagement_events",
        sa.Column("event_id", sa.String(), primary_key=True),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("message_id", sa.String()),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("happened_at", sa.DateTime(), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
    )
    op.create_index("ix_engagement_events_recipient", "engagement_events", ["recipient"])
