"""What must hold of every declared provider, whoever it is."""

import inspect

import pytest

from mappings import FOLDER
from sync_core.mapping.compile import load_mappings
from sync_core.providers.protocol import ProviderFactory
from sync_core.spec.load import load_providers
from sync_core.sync.accounts import client_of
from sync_defs.capabilities import DECLARATIONS

SPECS = load_providers(DECLARATIONS)


@pytest.mark.parametrize("provider", SPECS)
def test_its_client_can_be_imported_and_is_entered_like_every_client(provider: str) -> None:
    asked = set(inspect.signature(ProviderFactory.__call__).parameters) - {"self"}
    taken = inspect.signature(client_of(SPECS[provider])).parameters
    needed = {name for name, parameter in taken.items() if parameter.default is inspect.Parameter.empty}
    assert needed <= asked <= set(taken)


@pytest.mark.parametrize("provider", SPECS)
def test_every_entity_has_a_mapping_that_fits_it(provider: str) -> None:
    compiled = load_mappings({provider: SPECS[provider]}, FOLDER)
    assert set(compiled) == {(provider, entity) for entity in SPECS[provider].entities}


@pytest.mark.parametrize("provider", SPECS)
def test_its_address_can_be_overridden_by_a_variable_that_is_read(provider: str) -> None:
    assert SPECS[provider].api.base_env.endswith("_API_BASE")
