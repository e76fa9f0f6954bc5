"""Traffic in the order of its key, and an index with all that the pages of ports add up.

Revision ID: 0004
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make it so; what is there stays."""
    op.drop_index("ix_traffic_hour", "traffic")
    with op.batch_alter_table(
        "traffic",
        recreate="always" if op.get_bind().dialect.name == "sqlite" else "never",
        table_kwargs={"sqlite_with_rowid": False},
    ) as traffic:
        columns = ["hour_ms", "port", "lane", "direction", "local_ms", "count", "confidence"]
        traffic.create_index("ix_traffic_hour", columns)
