"""why and by whom a champion was made"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = ("kind", "because", "decided_by", "flow_run_id")


def upgrade() -> None:
    """Let the ledger say what kind of change it was, why the model was trained, who decided, and in which run."""
    op.add_column("promotions", sa.Column("kind", sa.String(), nullable=False, server_default="promotion"))
    op.add_column("promotions", sa.Column("because", sa.Text(), nullable=True))
    op.add_column("promotions", sa.Column("decided_by", sa.String(), nullable=True))
    op.add_column("promotions", sa.Column("flow_run_id", sa.String(), nullable=True))


def downgrade() -> None:
    """Undo the change."""
    for column in reversed(COLUMNS):
        op.drop_column("promotions", column)
