"""The search for secrets: all that a run handed out, in every form in which it could be written down, in all that it left."""

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from sync_core.vault.context import credential_context
from sync_core.vault.envelope import read_header
from sync_core.vault.local import LocalKeyring

OPEN = ("local-master.key", "development-jwt.pem")
"""What a home keeps in the open in development, and says so in its log."""


def house_keys(home: Path) -> dict[str, str | bytes]:
    """The keys that the home itself made."""
    pem = (home / "development-jwt.pem").read_text().splitlines()
    return {"master key": (home / "local-master.key").read_bytes(), "key of the tokens": pem[3]}


def data_keys(database: sa.Engine, home: Path) -> dict[str, bytes]:
    """The plain data keys of all credentials that are sealed now, for which the master key is needed."""
    keyring = LocalKeyring(home / "local-master.key", environment="development")
    query = (
        "SELECT c.venue_id, c.provider, s.kind, s.envelope FROM sync.credentials AS s "
        "JOIN sync.connections AS c ON c.id = s.connection_id"
    )
    found: dict[str, bytes] = {}
    with database.connect() as conn:
        for venue, provider, kind, envelope in conn.execute(sa.text(query)):
            context = credential_context(venue=venue, provider=provider, kind=kind)
            wrapped = read_header(bytes(envelope)).wrapped
            found[f"{venue}/{provider}: data key of {kind}"] = keyring.open_data_key(wrapped, context)
    return found


def written(database: sa.Engine) -> Iterator[tuple[str, str]]:
    """Every row of every table of every schema as text; bytes show as hexadecimal digits."""
    with database.connect() as conn:
        tables = conn.execute(
            sa.text(
                "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            )
        ).all()
        for schema, table in tables:
            rows = conn.execute(sa.text(f'SELECT t::text FROM "{schema}"."{table}" AS t')).scalars().all()
            yield f"table {schema}.{table}", "\n".join(rows)


def left_behind(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file below a folder but those whose business it is."""
    for file in folder.rglob("*"):
        if file.is_file() and file.name not in OPEN:
            yield f"file {file.relative_to(folder)}", file.read_bytes().decode("latin-1")


def found(secrets: Mapping[str, str | bytes], places: Iterator[tuple[str, str]]) -> list[str]:
    """Which secret is in which place, in whatever form."""
    forms = {name: _forms(secret) for name, secret in secrets.items()}
    return [
        f"{name} in {place}"
        for place, text in places
        for name, ways in forms.items()
        if any(way in text for way in ways)
    ]


def _forms(secret: str | bytes) -> set[str]:
    raw = secret if isinstance(secret, bytes) else secret.encode()
    assert len(raw) >= 16, "too short to be told from anything else"
    plain = raw.decode("latin-1")
    encoded = {base64.b64encode(raw).decode().rstrip("="), base64.urlsafe_b64encode(raw).decode().rstrip("=")}
    return {plain, quote(plain, safe=""), raw.hex(), raw.hex().upper(), *encoded}
