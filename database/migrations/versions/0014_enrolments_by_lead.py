"""enrolments: found by their lead, whichever campaign they are in; before, all of them were looked through"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Turn the index round: whoever asks for a campaign's member names both."""
    op.drop_index("ix_enrolments_member", "enrolments")
    op.create_index("ix_enrolments_lead", "enrolments", ["lead_id", "campaign_id"])


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_enrolments_lead", "enrolments")
    op.create_index("ix_enrolments_member", "enrolments", ["campaign_id", "lead_id"])
