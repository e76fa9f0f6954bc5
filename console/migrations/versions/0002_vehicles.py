"""Vehicles' histories, traffic, notices, snoozes, tokens.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make them."""
    with op.batch_alter_table("alerts") as alerts:
        alerts.add_column(sa.Column("vehicle_class", sa.String(16)))
        alerts.add_column(sa.Column("assigned_to", sa.String(64)))
        alerts.add_column(sa.Column("hidden_by", sa.String(64)))
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("subject", sa.String(256)))
        users.create_unique_constraint("uq_users_subject", ["subject"])
    _crossings()
    _traffic()
    _notices()
    _people()


def _crossings() -> None:
    op.create_table(
        "crossings",
        sa.Column("vehicle", sa.String(64), nullable=False),
        sa.Column("occurred_ms", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("crossing_id", sa.String(64), nullable=False),
        sa.Column("local_ms", sa.BigInteger, nullable=False),
        sa.Column("port", sa.String(32), nullable=False),
        sa.Column("lane", sa.String(64), nullable=False),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("lane_type", sa.String(20), nullable=False),
        sa.Column("vehicle_class", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("vehicle", "occurred_ms", "crossing_id", name="pk_crossings"),
    )
    op.create_index("ix_crossings_place", "crossings", ["port", "direction", "occurred_ms"])
    op.create_index("ix_crossings_time", "crossings", ["occurred_ms"])


def _traffic() -> None:
    op.create_table(
        "traffic",
        sa.Column("port", sa.String(32), nullable=False),
        sa.Column("hour_ms", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("lane", sa.String(64), nullable=False),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("local_ms", sa.BigInteger, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("last_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("port", "hour_ms", "lane", "direction", name="pk_traffic"),
    )
    op.create_index("ix_traffic_hour", "traffic", ["hour_ms"])


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.String(64), nullable=False),
        sa.Column("occurred_ms", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("audience", sa.String(16), nullable=False),
        sa.Column("port", sa.String(32)),
        sa.Column("sentence", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("notice_id", name="pk_notices"),
    )
    op.create_index("ix_notices_audience", "notices", ["audience", "occurred_ms"])
    op.create_table(
        "controls",
        sa.Column("crossing_id", sa.String(64), nullable=False),
        sa.Column("occurred_ms", sa.BigInteger, nullable=False),
        sa.Column("port", sa.String(32), nullable=False),
        sa.Column("lane", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("crossing_id", name="pk_controls"),
    )
    op.create_table(
        "positions",
        sa.Column("topic", sa.String(249), nullable=False),
        sa.Column("partition", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", name="pk_positions"),
    )


def _people() -> None:
    op.create_table(
        "snoozes",
        sa.Column("snooze_id", sa.String(64), nullable=False),
        sa.Column("vehicle", sa.String(64), nullable=False),
        sa.Column("typology", sa.String(64), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("snooze_id", name="pk_snoozes"),
    )
    op.create_index("ix_snoozes_vehicle", "snoozes", ["vehicle"])
    op.create_table(
        "tokens",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("token_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("scopes", sa.String(256), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("used_ms", sa.BigInteger),
        sa.Column("ended_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("token_hash", name="pk_tokens"),
        sa.UniqueConstraint("token_id", name="uq_tokens_token_id"),
        sa.ForeignKeyConstraint(["name"], ["users.name"], name="fk_tokens_name"),
    )
    op.create_index("ix_tokens_name", "tokens", ["name"])
