"""A wrong declaration is refused when it is loaded, by a sentence with the file, the path in it and the reason."""

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from sync_core.errors import DeclarationError
from sync_defs.components import ProviderSync
from sync_defs.definitions import definitions_of

DECLARATIONS = Path(__file__).parents[2] / "sync_defs" / "defs"


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of declarations like the real one, importable as `declared`."""
    folder = tmp_path / "declared"
    shutil.copytree(DECLARATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    sys.modules.pop("declared", None)


def _load(folder: Path) -> dg.Definitions:
    return definitions_of(importlib.import_module(folder.name))


def _refusal(folder: Path) -> DeclarationError:
    """What stopped the loading, below what Dagster wraps around it."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - Dagster exports no name for its exception
        _load(folder)
    error: BaseException | None = raised.value
    while error is not None and not isinstance(error, DeclarationError):
        error = error.__cause__
    assert error is not None, raised.value
    return error


def _change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_declarations_become_an_asset_per_provider_and_entity(declared: Path) -> None:
    keys = {key.to_user_string() for key in _load(declared).resolve_asset_graph().executable_asset_keys}

    assert {"stripe/products", "square/inventory"} <= keys


@pytest.mark.parametrize(
    ("old", "new", "path", "reason"),
    [
        ("direction: both", "direction: sideways", "entities.customers.direction", "Input should be 'push', 'pull' or 'both'"),
        ("  title: Stripe", "  title: Stripe\n  colour: blurple", "colour", "Extra inputs are not permitted"),
        ("needs: [customers]", "needs: [patrons]", "", "entities.charges.needs: there is no entity 'patrons' in this declaration"),
        ("  title: Stripe", "  title: Stripe\n  title: Strip", "line", "found duplicate key"),
        ("type: sync_defs.components.ProviderSync", "type: dagster.DefsFolderComponent", "type", "must be sync_defs.components.ProviderSync"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_refused_by_file_path_and_reason(
    declared: Path, old: str, new: str, path: str, reason: str
) -> None:
    file = declared / "stripe" / "defs.yaml"
    _change(file, old, new)

    error = _refusal(declared)

    assert (error.file, reason in error.reason, error.path.startswith(path)) == (str(file), True, True), str(error)


def test_a_mapping_that_does_not_exist_is_refused_by_the_file_that_is_missing(declared: Path) -> None:
    _change(declared / "stripe" / "defs.yaml", "direction: both", "direction: both\n      mapping: stripe/patrons")

    assert str(_refusal(declared)).endswith("mappings/stripe/patrons.yaml: file: the file does not exist")


def test_two_declarations_of_one_provider_are_refused(declared: Path) -> None:
    shutil.copytree(declared / "stripe", declared / "stripe_again")

    assert _refusal(declared).reason == "stripe is declared twice"


def test_editors_and_dg_get_the_schema_of_the_declaration_language() -> None:
    schema = ProviderSync.get_model_cls().model_json_schema()

    assert "EntitySpec" in schema["$defs"]
