"""leases of the queue"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let queued companies be leased, wait after a failure, and say why they failed."""
    op.add_column("enrichment_queue", sa.Column("not_before", sa.DateTime(), nullable=True))
    op.add_column("enrichment_queue", sa.Column("leased_by", sa.String(), nullable=True))
    op.add_column("enrichment_queue", sa.Column("lease_until", sa.DateTime(), nullable=True))
    op.add_column("enrichment_queue", sa.Column("failed_because", sa.String(), nullable=True))


def downgrade() -> None:
    """Undo the change."""
    for column in ("failed_because", "lease_until", "leased_by", "not_before"):
        op.drop_column("enrichment_queue", column)
