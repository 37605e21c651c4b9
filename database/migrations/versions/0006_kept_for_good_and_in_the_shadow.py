"""the ledger of champions is kept for good, and a challenger answers in the shadow

A later migration that rebuilds `promotions` (Alembic's batch mode on SQLite) must make the triggers again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

REFUSED = "promotions is a ledger: rows are only ever added"
ON_SQLITE = (
    f"CREATE TRIGGER promotions_keep_words BEFORE UPDATE ON promotions BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END",
    f"CREATE TRIGGER promotions_keep_rows BEFORE DELETE ON promotions BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END",
    # INSERT OR REPLACE takes the old row away without asking the trigger on DELETE
    """CREATE TRIGGER promotions_keep_first BEFORE INSERT ON promotions
       WHEN EXISTS (
           SELECT 1 FROM promotions AS p
           WHERE p.target = NEW.target AND p.decided_at = NEW.decided_at AND p.version = NEW.version)
       BEGIN SELECT RAISE(IGNORE); END""",
)
ON_POSTGRESQL = (
    f"""CREATE FUNCTION promotions_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{REFUSED}'; END $$""",
    """CREATE TRIGGER promotions_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON promotions
       FOR EACH STATEMENT EXECUTE FUNCTION promotions_refuse()""",
)


def upgrade() -> None:
    """Let the database refuse to change or forget a promotion; keep what a challenger says beside the champion."""
    for statement in ON_SQLITE if op.get_context().dialect.name == "sqlite" else ON_POSTGRESQL:
        op.execute(sa.text(statement))
    op.create_table(
        "shadow_answers",
        sa.Column("target", sa.String(), primary_key=True),
        sa.Column("champion_version", sa.String(), primary_key=True),
        sa.Column("challenger_version", sa.String(), primary_key=True),
        sa.Column("call_id", sa.String(), primary_key=True),
        sa.Column("content_hash", sa.String(), primary_key=True),
        sa.Column("champion_probability", sa.Float(), nullable=False),
        sa.Column("challenger_probability", sa.Float(), nullable=False),
        sa.Column("answered_at", sa.DateTime(), nullable=False),
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("shadow_answers")
    if op.get_context().dialect.name == "sqlite":
        for trigger in ("promotions_keep_words", "promotions_keep_rows", "promotions_keep_first"):
            op.execute(sa.text(f"DROP TRIGGER {trigger}"))
        return
    op.execute(sa.text("DROP TRIGGER promotions_keep ON promotions"))
    op.execute(sa.text("DROP FUNCTION promotions_refuse()"))
