"""One simulator per provider for the whole module; a session of its own for each error, because breakers remember."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from sync_core.errors import SyncError
from sync_core.http.calls import CallLog
from sync_core.http.session import CallPolicy, open_session
from sync_core.sync.accounts import client_of
from tests.battery.outside import Outside, outside_of
from tests.battery.stage import DECLARED, HastyClock
from tests.battery.trials import TRIALS

Outsides = Callable[[str], Outside]
Asking = Callable[..., SyncError]


@pytest.fixture(scope="module")
def outsides() -> Iterator[Outsides]:
    """The provider's side, by the provider's name."""
    made: dict[str, Outside] = {}
    with ExitStack() as stack:

        def outside(provider: str) -> Outside:
            if provider not in made:
                trial = TRIALS[provider]
                made[provider] = stack.enter_context(outside_of(trial, trial.simulator()))
            made[provider].faults()
            return made[provider]

        yield outside


@pytest.fixture
def asking(outsides: Outsides) -> Asking:
    """Ask whose account it is while something goes wrong there; the client's error."""

    def ask(
        provider: str, *faults: dict[str, object], timeout: float = 5.0, times: int = 1, tls: bool = False
    ) -> SyncError:
        outside, spec = outsides(provider), DECLARED[provider]
        outside.faults(*faults)
        policy = CallPolicy(
            provider=spec.title,
            connection=f"hall-7/{provider}",
            rate=spec.limits.production,
            concurrency=1,
            timeout=timeout,
        )
        base = outside.base.replace("http://", "https://") if tls else outside.base
        errors: list[SyncError] = []
        with open_session(
            policy, clock=HastyClock(), rng=random.Random(7), calls=CallLog(), correlation="t"
        ) as session:
            make = client_of(spec)
            client = make(spec=spec, session=session, base=base, secret=TRIALS[provider].secret, sandbox=False)
            for _ in range(times):
                with pytest.raises(SyncError) as raised:
                    client.account()
                errors.append(raised.value)
        return errors[-1]

    return ask
