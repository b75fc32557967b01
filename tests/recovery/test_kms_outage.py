"""AWS KMS is away: what runs goes on with its data key, what begins says so in a sentence, and it ends by itself."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import boto3.session
import pytest
import sqlalchemy as sa
from botocore.config import Config
from moto.server import ThreadedMotoServer

from sync_core.store import inbox
from sync_core.store.inbox import Arrival
from sync_core.sync.report import EntityReport
from sync_core.vault.cache import DataKeyCache
from sync_core.vault.credentials import Vault
from sync_core.vault.kms import KmsClient, KmsKeyring
from sync_core.webhooks import Event
from sync_core.webhooks.apply import drain
from tests.fakes import FakeClock
from tests.world import World, account, world


@pytest.fixture
def kms() -> Iterator[ThreadedMotoServer]:
    """A KMS on 127.0.0.1 that may be stopped."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def clock() -> FakeClock:
    """By which data keys age."""
    return FakeClock()


@pytest.fixture
def sealed_world(
    shared_database: sa.Engine, tmp_path_factory: pytest.TempPathFactory, kms: ThreadedMotoServer, clock: FakeClock
) -> Iterator[World]:
    """A world whose credentials are sealed under a key of that KMS."""
    host, port = kms.get_host_and_port()
    client = boto3.session.Session().client(
        "kms",
        region_name="eu-central-1",
        endpoint_url=f"http://{host}:{port}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1}),
    )
    keyring = KmsKeyring(cast("KmsClient", client), client.create_key()["KeyMetadata"]["KeyId"])
    with world(shared_database, tmp_path_factory.mktemp("world")) as made:
        vault = Vault(DataKeyCache(keyring, clock=clock))
        yield replace(made, engine=replace(made.engine, vault=vault))
    client.close()


def test_a_sync_outlives_an_outage_of_kms_and_new_ones_wait_for_its_end(
    sealed_world: World, kms: ThreadedMotoServer, clock: FakeClock
) -> None:
    venue = sealed_world.venue("sealed")
    for n in range(20):
        sealed_world.insert("customers", venue, id=f"c{n}", given_name="Ann")
    sealed_world.faults("stripe", {"kind": "delay", "seconds": 0.1})
    running = list[EntityReport]()
    thread = threading.Thread(target=lambda: running.append(sealed_world.sync(venue, "stripe", "customers")))
    thread.start()
    while sealed_world.calls("stripe")["total"] < 3:
        clock.sleep(0)
    kms.stop()
    clock.advance(301)  # its data key is too old for anybody who would begin now
    thread.join(30)
    sealed_world.no_faults("stripe")

    refused = sealed_world.sync(venue, "stripe", "products")
    with sealed_world.database.begin() as conn:
        event = Event("evt_kms", "customer.updated", account(venue), "customer", "cus_none", None, {})
        inbox.store(conn, [Arrival("stripe", event)])
    for _ in range(7):
        drained = drain(sealed_world.engine, run_id="drain", quiet_seconds=0)
        assert drained is not None
        assert (drained.failed, drained.dead) == (1, 0)
        sealed_world.sql("UPDATE sync.webhook_events SET next_at = now()")
    host, port = kms.get_host_and_port()
    back = ThreadedMotoServer(ip_address=host, port=port, verbose=False)
    back.start()
    try:
        again = sealed_world.sync(venue, "stripe", "products")
        drained = drain(sealed_world.engine, run_id="drain", quiet_seconds=0)
    finally:
        back.stop()

    assert [(report.status, report.counts.created) for report in running] == [("succeeded", 20)]
    assert refused.status == "failed"
    assert refused.error is not None
    assert refused.error.startswith("AWS KMS key ")
    assert "cannot be reached" in refused.error
    assert sealed_world.connection(venue, "stripe").status == "connected"
    assert (again.status, again.error) == ("succeeded", None)
    assert drained is not None
    assert (drained.applied, drained.dead) == (1, 0)
