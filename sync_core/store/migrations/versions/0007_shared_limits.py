"""Rate limits and breakers that all processes share."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)

# The sums of sync_core.http.allowance.Meter, which tests hold against these. The rows are locked before the time is
# read, so that time never runs backwards from one caller to the next.
TAKE = """
CREATE FUNCTION sync.take_permits(
    of_account text, limit_names text[], amounts float8[], windows float8[], wanted integer, waiting integer,
    share float8, lease float8, look_ahead float8, slices float8, recovery float8, paced_below float8,
    present float8 DEFAULT NULL,
    OUT permits integer, OUT wait float8, OUT first_after float8, OUT step float8
) LANGUAGE plpgsql AS $$
DECLARE
    moment float8;
    ahead float8;
    one record;
    free_from float8[] := '{}';
    intervals float8[] := '{}';
    there integer := wanted;
    in_time integer := waiting;
    interval_of float8;
    start float8;
    part bigint;
    left_over integer;
    until float8;
BEGIN
    PERFORM 1 FROM sync.provider_limits l WHERE l.account = of_account AND l.name = ANY(limit_names)
        ORDER BY l.name FOR UPDATE;
    IF (SELECT count(*) FROM sync.provider_limits l WHERE l.account = of_account AND l.name = ANY(limit_names))
        < cardinality(limit_names) THEN
        INSERT INTO sync.provider_limits (account, name)
            SELECT of_account, n FROM unnest(limit_names) AS n ORDER BY n ON CONFLICT DO NOTHING;
        PERFORM 1 FROM sync.provider_limits l WHERE l.account = of_account AND l.name = ANY(limit_names)
            ORDER BY l.name FOR UPDATE;
    END IF;
    moment := coalesce(present, extract(epoch FROM clock_timestamp()));
    SELECT CASE WHEN count(*) = 1 THEN look_ahead ELSE 0.0 END INTO ahead
        FROM unnest(windows) AS width WHERE width < paced_below;
    wait := 0;
    first_after := 0;
    step := 0;
    FOR one IN
        SELECT a.amount, a.width, l.free_at, l.parts, l.given,
            least(1.0, l.low + greatest(0.0, moment - l.lowered_at) / recovery) AS allowed,
            1.0 + a.amount * (1.0 - share - share * lease / a.width) AS burst
        FROM unnest(limit_names, amounts, windows) WITH ORDINALITY AS a(name, amount, width, place)
        JOIN sync.provider_limits l ON l.account = of_account AND l.name = a.name ORDER BY a.place
    LOOP
        IF one.width < paced_below THEN
            interval_of := one.width / (one.amount * share * one.allowed);
            start := moment - (one.burst - 1.0) * interval_of;
            start := greatest(start, least(one.free_at, moment + look_ahead + interval_of));
            there := least(there, floor((moment - start) / interval_of + 1.0 + 1e-6)::integer);
            in_time := least(in_time, floor((moment + ahead - start) / interval_of + 1.0 + 1e-6)::integer);
            until := start + (greatest(1, least(wanted, floor(one.burst / 2))) - 1) * interval_of - ahead;
            IF ahead > 0 THEN
                first_after := start - moment;
                step := interval_of;
            END IF;
        ELSE
            interval_of := NULL;
            start := NULL;
            SELECT coalesce(sum(g), 0), min((p + 1) * (one.width / slices) + lease + one.width)
                INTO left_over, until FROM unnest(one.parts, one.given) AS u(p, g)
                WHERE (p + 1) * (one.width / slices) + lease + one.width > moment
                    AND p <= floor((moment + look_ahead) / (one.width / slices));
            left_over := greatest(1, floor(one.amount * share * one.allowed + 1e-6)::integer) - left_over;
            there := least(there, left_over);
            in_time := least(in_time, left_over);
            IF left_over > 0 THEN
                until := moment;
            END IF;
        END IF;
        free_from := free_from || start;
        intervals := intervals || interval_of;
        wait := greatest(wait, until - moment);
    END LOOP;
    IF ahead = 0 THEN
        in_time := 0;
    END IF;
    permits := least(wanted, greatest(0, there, in_time));
    IF permits = 0 THEN
        first_after := 0;
        step := 0;
        RETURN;
    END IF;
    wait := 0;
    FOR one IN
        SELECT a.name, a.width, a.place, l.parts, l.given
        FROM unnest(limit_names, windows) WITH ORDINALITY AS a(name, width, place)
        JOIN sync.provider_limits l ON l.account = of_account AND l.name = a.name
    LOOP
        IF one.width < paced_below THEN
            UPDATE sync.provider_limits l
                SET used_at = moment, free_at = free_from[one.place] + permits * intervals[one.place]
                WHERE l.account = of_account AND l.name = one.name;
        ELSE
            part := floor((moment + greatest(0.0, first_after + (permits - 1) * step)) / (one.width / slices));
            UPDATE sync.provider_limits l SET (used_at, parts, given) = (
                SELECT moment, array_agg(s.p), array_agg(s.g) FROM (
                    SELECT u.p, sum(u.g)::integer AS g
                    FROM (SELECT * FROM unnest(one.parts, one.given) UNION ALL SELECT part, permits) AS u(p, g)
                    WHERE (u.p + 1) * (one.width / slices) + lease + one.width > moment
                        AND u.p <= floor((moment + look_ahead) / (one.width / slices))
                    GROUP BY u.p
                ) AS s
            ) WHERE l.account = of_account AND l.name = one.name;
        END IF;
    END LOOP;
END $$
"""


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "provider_limits",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("free_at", sa.Double(), nullable=False, server_default="0"),
        sa.Column("parts", pg.ARRAY(sa.BigInteger()), nullable=False, server_default="{}"),
        sa.Column("given", pg.ARRAY(sa.Integer()), nullable=False, server_default="{}"),
        sa.Column("low", sa.Double(), nullable=False, server_default="1"),
        sa.Column("lowered_at", sa.Double(), nullable=False, server_default="0"),
        sa.Column("used_at", sa.Double(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("account", "name", name="pk_provider_limits"),
        prefixes=["UNLOGGED"],
        schema="sync",
    )
    op.create_table(
        "breakers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_by", pg.ARRAY(sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_at", TIMESTAMP),
        sa.Column("successes", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("trying_until", TIMESTAMP),
        sa.Column("changed_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_breakers"),
        schema="sync",
    )
    op.execute(TAKE)


def downgrade() -> None:
    """Drop the tables."""
    op.execute(
        "DROP FUNCTION sync.take_permits(text, text[], float8[], float8[], integer, integer, float8, float8, float8, "
        "float8, float8, float8, float8)"
    )
    for table in ("breakers", "provider_limits"):
        op.drop_table(table, schema="sync")
