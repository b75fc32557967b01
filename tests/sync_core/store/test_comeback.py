"""A database that is away is waited for, by all threads together and at each loss anew."""

from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from sync_core.store.comeback import LOOK_EVERY, PATIENCE_SECONDS, Comeback
from tests.fakes import FakeClock


class Line:
    """The way to a database, which can be cut: real connections, and refused ones while it is."""

    def __init__(self, database: sa.Engine) -> None:
        self._address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self.cut = False

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect("postgresql://nobody@127.0.0.1:1/none" if self.cut else self._address)


@pytest.fixture
def line(shared_database: sa.Engine) -> Line:
    return Line(shared_database)


@pytest.fixture
def engine(line: Line) -> Iterator[sa.Engine]:
    """An engine that keeps no connection, so that each one is made on the line as it is."""
    made = sa.create_engine("postgresql+psycopg://", creator=line.connect, poolclass=sa.NullPool)
    yield made
    made.dispose()


def _loss(engine: sa.Engine) -> OperationalError:
    with pytest.raises(OperationalError) as lost, engine.connect():
        pass
    return lost.value


def test_whoever_comes_to_a_loss_that_was_given_up_does_not_wait_again(line: Line, engine: sa.Engine) -> None:
    clock = FakeClock()
    comeback = Comeback(engine, clock=clock)
    line.cut = True
    lost = _loss(engine)
    assert not comeback.returned_after(lost)
    assert sum(clock.slept) == pytest.approx(PATIENCE_SECONDS, abs=LOOK_EVERY)
    waited = len(clock.slept)
    assert not comeback.returned_after(lost)
    assert len(clock.slept) == waited


def test_the_next_loss_is_waited_for_anew_though_the_last_was_given_up(line: Line, engine: sa.Engine) -> None:
    clock = FakeClock()
    comeback = Comeback(engine, clock=clock)
    line.cut = True
    assert not comeback.returned_after(_loss(engine))
    line.cut = False
    with engine.connect() as conn:  # somebody works again
        assert conn.execute(sa.select(1)).scalar_one() == 1
    clock.sleep(3600.0)
    clock.slept.clear()

    line.cut = True
    assert not comeback.returned_after(_loss(engine))
    assert sum(clock.slept) == pytest.approx(PATIENCE_SECONDS, abs=LOOK_EVERY)
