"""The first tables.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )
    op.bulk_insert(counters, [{"name": "audit", "value": 0}, {"name": "feed", "value": 0}])
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.String(64), nullable=False),
        sa.Column("crossing_id", sa.String(64), nullable=False),
        sa.Column("occurred_ms", sa.BigInteger, nullable=False),
        sa.Column("port", sa.String(32), nullable=False),
        sa.Column("lane", sa.String(64), nullable=False),
        sa.Column("vehicle", sa.String(64), nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("priority", sa.Float),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("issued_ms", sa.BigInteger, nullable=False),
        sa.Column("held_by", sa.String(64)),
        sa.Column("held_until_ms", sa.BigInteger),
        sa.Column("decided_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("alert_id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_crossing_id", "alerts", ["crossing_id"])
    op.create_index("ix_alerts_vehicle", "alerts", ["vehicle"])
    op.create_index("ix_alerts_queue", "alerts", ["port", "decided_ms", "score"])
    op.create_index("ix_alerts_time", "alerts", ["occurred_ms"])
    op.create_table(
        "dispositions",
        sa.Column("disposition_id", sa.String(64), nullable=False),
        sa.Column("alert_id", sa.String(64)),
        sa.Column("crossing_id", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(24), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("selected_by", sa.String(8), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("seen_ms", sa.BigInteger, nullable=False),
        sa.Column("undone_ms", sa.BigInteger),
        sa.Column("sent_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("disposition_id", name="pk_dispositions"),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.alert_id"], name="fk_dispositions_alert_id"),
    )
    op.create_index("ix_dispositions_alert_id", "dispositions", ["alert_id"])
    op.create_index("ix_dispositions_sent_ms", "dispositions", ["sent_ms"])
    op.create_table(
        "users",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password", sa.String(256)),
        sa.Column("pseudonym", sa.String(64), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("disabled_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("name", name="pk_users"),
        sa.UniqueConstraint("pseudonym", name="uq_users_pseudonym"),
    )
    op.create_table(
        "invitations",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_invitations"),
        sa.ForeignKeyConstraint(["name"], ["users.name"], name="fk_invitations_name"),
    )
    op.create_index("ix_invitations_name", "invitations", ["name"])
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("seen_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sessions"),
        sa.ForeignKeyConstraint(["name"], ["users.name"], name="fk_sessions_name"),
    )
    op.create_index("ix_sessions_name", "sessions", ["name"])
    op.create_table(
        "failures",
        sa.Column("key", sa.String(96), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_failures"),
    )
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject"])
    op.create_index("ix_audit_user", "audit", ["user", "seq"])
    op.create_table(
        "feed",
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("alert_id", sa.String(64), nullable=False),
        sa.Column("port", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_feed"),
    )
