"""What assets and sensors get as `database`, and what they are told when there is none."""

import dagster as dg
import pytest
import sqlalchemy as sa

from resources.database import DatabaseResource
from sync_core.errors import ConfigurationError


def test_a_pool_on_the_database_that_the_environment_names(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)

    with dg.build_resources({"database": DatabaseResource()}) as resources, resources.database.connect() as conn:
        assert conn.execute(sa.text("SHOW timezone")).scalar_one() == "UTC"


def test_without_an_address_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)

    with (
        pytest.raises(dg.DagsterResourceFunctionError) as raised,
        dg.build_resources({"database": DatabaseResource()}),
    ):
        pass

    assert isinstance(raised.value.__cause__, ConfigurationError)
    assert str(raised.value.__cause__).endswith(
        "start Dagster with 'venue-sync up', or set DATABASE_URL and DAGSTER_DATABASE_URL yourself."
    )


def test_the_address_is_not_part_of_the_configuration_that_dagster_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone:hush@127.0.0.1/nowhere")

    assert DatabaseResource().model_dump() == {"pool_size": 20}
