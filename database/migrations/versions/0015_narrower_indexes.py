"""outbox, decisions: indexes that sending a mail does not change, and one that grows at its end"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

NOT_LANDED = "landed_at IS NULL"
NARROW = {
    "ix_outbox_recipient": ("outbox", ["recipient"]),
    "ix_outbox_lead": ("outbox", ["lead_id"]),
    "ix_decisions_to_land": ("decisions", ["decided_at"]),
}
WIDE = {
    "ix_outbox_recipient": ("outbox", ["recipient", "sent_at"]),
    "ix_outbox_lead": ("outbox", ["lead_id", "sent_at"]),
    "ix_decisions_to_land": ("decisions", ["decided_at", "decision_id"]),
}


def upgrade() -> None:
    """A person has few mails: when each was sent need not be in the index. Whoever lands asks for no order of ids."""
    _make_anew(NARROW)


def downgrade() -> None:
    """As they were."""
    _make_anew(WIDE)


def _make_anew(indexes: dict[str, tuple[str, list[str]]]) -> None:
    for name, (table, columns) in indexes.items():
        where = sa.text(NOT_LANDED) if name.endswith("_to_land") else None
        op.drop_index(name, table)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
