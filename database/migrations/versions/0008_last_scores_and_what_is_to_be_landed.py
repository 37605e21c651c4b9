"""the last score of each lead by itself, and which answers of the service are still to reach the warehouse

Answers from before count as not landed: the warehouse keeps each once, so that to land them again changes nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

LAST_SCORES = """
    INSERT INTO last_scores (lead_id, prediction_id, predicted_at, qualification_score, recommendation, priority)
    SELECT lead_id, prediction_id, predicted_at, qualification_score, recommendation, priority
    FROM (
        SELECT p.*,
            row_number() OVER (PARTITION BY lead_id ORDER BY predicted_at DESC, prediction_id DESC) AS place
        FROM predictions AS p
        WHERE source IN ('flow', 'webhook') OR substr(call_id, 1, 8) <> 'request:'
    ) AS ranked
    WHERE place = 1
"""


def upgrade() -> None:
    """Fill the last scores from the predictions, and mark what is to be landed."""
    op.create_table(
        "last_scores",
        sa.Column("lead_id", sa.String(), primary_key=True),
        sa.Column("prediction_id", sa.String(), nullable=False),
        sa.Column("predicted_at", sa.DateTime(), nullable=False),
        sa.Column("qualification_score", sa.Integer(), nullable=False),
        sa.Column("recommendation", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), nullable=False),
    )
    op.execute(sa.text(LAST_SCORES))
    op.add_column("predictions", sa.Column("landed_at", sa.DateTime()))
    not_landed = sa.text("landed_at IS NULL AND source <> 'flow'")
    op.create_index(
        "ix_predictions_to_land", "predictions", ["predicted_at", "prediction_id"],
        sqlite_where=not_landed, postgresql_where=not_landed,
    )  # fmt: skip
    op.create_index("ix_companies_known_at", "companies", ["known_at"])


def downgrade() -> None:
    """Undo the change."""
    op.drop_index("ix_companies_known_at", "companies")
    op.drop_index("ix_predictions_to_land", "predictions")
    op.drop_column("predictions", "landed_at")
    op.drop_table("last_scores")
