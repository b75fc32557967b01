"""How large the run is: small inside the suite, larger where the run is what is asked for (`make conformance`)."""

import pytest

SHORT = 12


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--conformance-customers`: customers per venue; the report is then printed."""
    parser.addoption("--conformance-customers", type=int, default=None, help="Customers per venue; prints the report.")


@pytest.fixture
def customers(pytestconfig: pytest.Config) -> int:
    """Customers per venue."""
    return pytestconfig.getoption("--conformance-customers", None) or SHORT


@pytest.fixture
def is_shown(pytestconfig: pytest.Config) -> bool:
    """Whether the report is printed."""
    return pytestconfig.getoption("--conformance-customers", None) is not None
