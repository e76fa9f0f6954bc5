"""What does the console's database hold? Its tables.

Times are ms since 1970. `console/migrations/` makes these tables; a test compares the two. What happened is in `audit`
and is never changed (`console/audit.py`); everything else is how things stand now.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, Text

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

# one row: numbers that are given out one by one, in the order in which transactions commit (`Database.next`)
counters = Table(
    "counters",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", String(64), primary_key=True),
    Column("crossing_id", String(64), nullable=False, index=True),
    Column("occurred_ms", BigInteger, nullable=False),
    Column("port", String(32), nullable=False),
    Column("lane", String(64), nullable=False),
    Column("vehicle", String(64), nullable=False, index=True),
    Column("severity", String(8), nullable=False),
    Column("score", Float, nullable=False),
    Column("priority", Float),  # null: nothing was learnt yet
    Column("body", LargeBinary, nullable=False),  # the alert's canonical JSON
    Column("issued_ms", BigInteger, nullable=False),  # when it was first stored
    Column("vehicle_class", String(16)),
    # how it stands: open, held (somebody looks at it, until held_until_ms), assigned, hidden by a snooze, or decided
    Column("held_by", String(64)),
    Column("held_since_ms", BigInteger),
    Column("held_until_ms", BigInteger),
    Column("decided_ms", BigInteger),
    Column("assigned_to", String(64)),
    Column("hidden_by", String(64)),
    Index("ix_alerts_queue", "port", "decided_ms", "score"),
    Index("ix_alerts_time", "occurred_ms"),
)

dispositions = Table(
    "dispositions",
    metadata,
    Column("disposition_id", String(64), primary_key=True),
    Column("alert_id", String(64), ForeignKey("alerts.alert_id"), index=True),
    Column("crossing_id", String(64), nullable=False),
    Column("outcome", String(24), nullable=False),
    Column("code", String(32), nullable=False),  # of the reason
    Column("note", Text, nullable=False),
    Column("by", String(64), nullable=False),
    Column("selected_by", String(8), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),  # when who decided opened it
    Column("undone_ms", BigInteger),
    Column("sent_ms", BigInteger, index=True),  # when the pipeline was told
)

snoozes = Table(  # what a vehicle's alerts of a typology are hidden by
    "snoozes",
    metadata,
    Column("snooze_id", String(64), primary_key=True),
    Column("vehicle", String(64), nullable=False, index=True),
    Column("typology", String(64), nullable=False),
    Column("by", String(64), nullable=False),
    Column("why", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
)

crossings = Table(  # what an alert is looked at beside: by vehicle, and who was near
    "crossings",
    metadata,
    Column("vehicle", String(64), primary_key=True),
    Column("occurred_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("crossing_id", String(64), primary_key=True),
    Column("local_ms", BigInteger, nullable=False),  # the port's wall clock as if it were UTC
    Column("port", String(32), nullable=False),
    Column("lane", String(64), nullable=False),
    Column("direction", String(8), nullable=False),
    Column("lane_type", String(20), nullable=False),
    Column("vehicle_class", String(16), nullable=False),
    Index("ix_crossings_place", "port", "direction", "occurred_ms"),
    Index("ix_crossings_time", "occurred_ms"),
)

traffic = Table(  # crossings by reader and hour
    "traffic",
    metadata,
    Column("port", String(32), primary_key=True),
    Column("hour_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("lane", String(64), primary_key=True),
    Column("direction", String(8), primary_key=True),
    Column("local_ms", BigInteger, nullable=False),  # the hour on the port's wall clock
    Column("count", Integer, nullable=False),
    Column("confidence", Float, nullable=False),  # sum over the crossings
    Column("last_ms", BigInteger, nullable=False),
    # with all that the pages of ports add up, so that they need not look further
    Index("ix_traffic_hour", "hour_ms", "port", "lane", "direction", "local_ms", "count", "confidence"),
    sqlite_with_rowid=False,  # kept in the order of the key: a port's hours lie together
)

notices = Table(
    "notices",
    metadata,
    Column("notice_id", String(64), primary_key=True),
    Column("occurred_ms", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("audience", String(16), nullable=False),
    Column("port", String(32)),
    Column("sentence", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the notice's canonical JSON
    Index("ix_notices_audience", "audience", "occurred_ms"),
)

controls = Table(  # the random control sample: shown of an alert only once it is decided
    "controls",
    metadata,
    Column("crossing_id", String(64), primary_key=True),
    Column("occurred_ms", BigInteger, nullable=False),
    Column("port", String(32), nullable=False),
    Column("lane", String(64), nullable=False),
)

positions = Table(  # how far the topics have been read, where alerts come from Kafka
    "positions",
    metadata,
    Column("topic", String(249), primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, nullable=False),  # of the next record
)

users = Table(
    "users",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("password", String(256)),  # argon2; null until the first login
    Column("pseudonym", String(64), nullable=False, unique=True),  # `by` in dispositions
    Column("created_ms", BigInteger, nullable=False),
    Column("disabled_ms", BigInteger),
    Column("subject", String(256), unique=True),  # who it is for the identity provider, with single sign-on
)

tokens = Table(  # of programs that use the JSON API
    "tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("token_id", String(64), nullable=False, unique=True),
    Column("name", String(64), ForeignKey("users.name"), nullable=False, index=True),
    Column("label", String(64), nullable=False),
    Column("scopes", String(256), nullable=False),  # separated by spaces
    Column("created_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger),
    Column("ended_ms", BigInteger),
)

invitations = Table(
    "invitations",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("name", String(64), ForeignKey("users.name"), nullable=False, index=True),
    Column("until_ms", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("name", String(64), ForeignKey("users.name"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
)

failures = Table(  # of logins, by user name and by address
    "failures",
    metadata,
    Column("key", String(96), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("user", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("why", Text, nullable=False),
    Column("detail", Text, nullable=False),  # JSON
    Column("hash", String(64), nullable=False),
    Index("ix_audit_subject", "subject"),
    Index("ix_audit_user", "user", "seq"),
)

feed = Table(  # what changed, for open consoles; old rows go
    "feed",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("alert_id", String(64), nullable=False),
    Column("port", String(32), nullable=False),
)
