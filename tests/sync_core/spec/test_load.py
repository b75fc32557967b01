"""Declarations are read as YAML 1.2, and a wrong one is refused with file, path and reason."""

from pathlib import Path

import pytest

from sync_core.errors import DeclarationError
from sync_core.spec.load import load_model, load_provider, load_providers, load_template, read_yaml

PROVIDER = """\
type: sync_defs.components.ProviderSync
attributes:
  provider: acme
  title: Acme
  client: sync_core.providers.acme:connect
  api: {base: 'https://api.acme.example', base_env: ACME_API_BASE, version: '1'}
  auth: {fields: [api_key], help: Look it up.}
  limits: {production: {per_second: 10}, sandbox: {per_second: 1}, idempotency_hours: 24}
  entities:
    products: {kind: products, model: products, direction: push, description: Products.}
    orders: {kind: transactions, model: payments, direction: both, description: Orders., needs: [products]}
"""
TEMPLATE = """\
model: products
fields:
  name: {remote: name, check: {matches: '[A-Z]+'}}
  country: {remote: address.country, default: NO}
"""
MODEL = """\
model: products
description: Products.
columns:
  name: {type: text, description: Name., check: {one_of: [NO, Yes, off]}}
"""


def written(folder: Path, text: str, name: str = "file.yaml") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_a_right_declaration_is_read_whole(tmp_path: Path) -> None:
    spec = load_provider(written(tmp_path, PROVIDER))
    assert spec.provider == "acme"
    assert spec.in_order() == ("products", "orders")
    assert spec.mapping_of("orders") == "acme/orders"
    assert (spec.entities["products"].pulls, spec.entities["orders"].pulls) == (False, True)


def test_events_concern_an_entity_by_name_or_by_their_beginning(tmp_path: Path) -> None:
    declared = "description: Orders., events: [order.paid, 'refund.*']"
    orders = load_provider(written(tmp_path, PROVIDER.replace("description: Orders.", declared))).entities["orders"]

    assert [t for t in ("order.paid", "order.paid.late", "refund.made", "refunds") if orders.concerned_by(t)] == [
        "order.paid",
        "refund.made",
    ]


def test_norway_and_other_words_that_yaml_1_1_takes_for_truth_values_stay_texts(tmp_path: Path) -> None:
    assert load_template(written(tmp_path, TEMPLATE)).fields["country"].default == "NO"
    assert load_model(written(tmp_path, MODEL)).columns["name"].check.one_of == ("NO", "Yes", "off")


WRONG_PROVIDERS = [
    ("title: Acme", "title: Acme\n  colour: red", "colour", "Extra inputs are not permitted"),
    ("description: Products.}", "description: P., events: [product.made]}", "", "entities.products.events"),
    ("direction: push", "direction: sideways", "entities.products.direction", "Input should be"),
    ("description: Products.}", "description: P., btach: {}}", "entities.products.btach", "Extra inputs"),
    ("provider: acme", "provider: Acme Inc", "provider", "should match pattern"),
    ("  title: Acme\n", "", "title", "Field required"),
    ("needs: [products]", "needs: [invoices]", "", "entities.orders.needs: there is no entity 'invoices'"),
    (
        "description: Products.}",
        "description: P., needs: [orders]}",
        "",
        "orders, products need each other in a circle",
    ),
    ("client: sync_core.providers.acme:connect", "client: no callable", "client", "should match pattern"),
    ("per_second: 10", "per_second: 0", "limits.production.per_second", "greater than 0"),
    ("type: sync_defs.components.ProviderSync", "type: other.Component", "type", "must be sync_defs"),
    ("  title: Acme\n", "  title: Acme\n  title: Other\n", "line 5", "duplicate key"),
    ("  title: Acme\n", "  title: [Acme\n", "line ", ""),
]


@pytest.mark.parametrize(("right", "wrong", "path", "reason"), WRONG_PROVIDERS)
def test_a_wrong_declaration_is_refused_with_file_path_and_reason(
    tmp_path: Path, right: str, wrong: str, path: str, reason: str
) -> None:
    assert right in PROVIDER
    file = written(tmp_path, PROVIDER.replace(right, wrong))
    with pytest.raises(DeclarationError) as refused:
        load_provider(file)
    assert refused.value.file == str(file)
    assert refused.value.path.startswith(path)
    assert reason in refused.value.reason
    assert str(file) in str(refused.value)


WRONG_TEMPLATES = [
    ("remote: name", "remote: name, colour: red", "fields.name.colour", "Extra inputs are not permitted"),
    ("remote: name", "remote: 'a b'", "fields.name.remote", "should match pattern"),
    ("remote: name", "remote: 'a[x]'", "fields.name.remote", "should match pattern"),
    ("remote: address.country", "remote: name", "", "fields.country.remote: name is already written by fields.name"),
    ("[A-Z]+", "[A-Z", "fields.name.check.matches", "is not a regular expression"),
    ("fields:\n", "constants: [{remote: name, value: 1}]\nfields:\n", "", "name is already written by fields.name"),
    ("fields:\n", "joined: [{columns: [name, nick], remote: x}]\nfields:\n", "", "name is mapped twice"),
    ("fields:\n", "joined: [{columns: [name], remote: x}]\nfields:\n", "joined.0.columns", "Field required"),
    ("  name: {", "  Name: {", "fields.Name", "should match pattern"),
    ("model: products", "model: products\nmodel: customers", "line 2", "duplicate key"),
]


@pytest.mark.parametrize(("right", "wrong", "path", "reason"), WRONG_TEMPLATES)
def test_a_wrong_template_is_refused_with_file_path_and_reason(
    tmp_path: Path, right: str, wrong: str, path: str, reason: str
) -> None:
    assert right in TEMPLATE
    file = written(tmp_path, TEMPLATE.replace(right, wrong))
    with pytest.raises(DeclarationError) as refused:
        load_template(file)
    assert refused.value.file == str(file)
    assert refused.value.path.startswith(path)
    assert reason in refused.value.reason


def test_what_was_read_once_is_given_to_each_reader_anew_and_a_changed_file_counts_at_once(tmp_path: Path) -> None:
    file = written(tmp_path, "names: [ann]\n")
    read_yaml(file)["names"].append("bob")
    assert read_yaml(file) == {"names": ["ann"]}

    written(tmp_path, "names: [eve]\n")
    assert read_yaml(file) == {"names": ["eve"]}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"nowhere\.yaml: file: the file does not exist"):
        load_template(tmp_path / "nowhere.yaml")


def test_a_provider_that_is_declared_twice_is_refused(tmp_path: Path) -> None:
    written(tmp_path, PROVIDER, "one/defs.yaml")
    written(tmp_path, PROVIDER, "two/defs.yaml")
    with pytest.raises(DeclarationError, match=r"two/defs\.yaml: attributes\.provider: acme is declared twice"):
        load_providers(tmp_path)
