"""When whoever holds an alert opened it.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """One column."""
    with op.batch_alter_table("alerts") as alerts:
        alerts.add_column(sa.Column("held_since_ms", sa.BigInteger))
