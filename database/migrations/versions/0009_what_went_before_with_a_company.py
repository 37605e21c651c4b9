"""when a call first became known and when it was known to have progressed, to count what went before with a company"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; the scoring flow says of all calls which have progressed."""
    op.add_column("calls", sa.Column("first_known_at", sa.DateTime()))
    op.add_column("calls", sa.Column("progressed_at", sa.DateTime()))


def downgrade() -> None:
    """Undo the change."""
    op.drop_column("calls", "progressed_at")
    op.drop_column("calls", "first_known_at")
