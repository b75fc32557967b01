"""The way in: a template and its model become a Mapping, or a DeclarationError that names file, path and reason.

Everything that can be wrong about a declaration is found here, before any record moves: what compiles can only
meet bad values, never bad columns.
"""

from collections.abc import Mapping as Map
from pathlib import Path
from types import MappingProxyType

from sync_core.errors import DeclarationError
from sync_core.mapping.cells import BadValue
from sync_core.mapping.compiler import Compiler
from sync_core.mapping.frame_schema import BadRow
from sync_core.mapping.hashing import content_hash
from sync_core.mapping.mapping import BoundReference, Mapping
from sync_core.mapping.paths import nest, pick_each
from sync_core.spec.load import load_model, load_template
from sync_core.spec.provider import ProviderSpec
from sync_core.spec.template import Model, Template

__all__ = [
    "BadRow",
    "BadValue",
    "BoundReference",
    "Mapping",
    "check_fit",
    "compile_mapping",
    "content_hash",
    "load_mappings",
    "load_models",
    "nest",
    "pick_each",
]


def compile_mapping(
    template: Template, model: Model, *, where: str, models: Map[str, Model] = MappingProxyType({})
) -> Mapping:
    """`template` over `model`, ready to map frames.

    Args:
        template: how an entity is mapped.
        model: the canonical record it names.
        where: the template's file, for errors.
        models: canonical records by name, for lists of them inside this one.

    Raises:
        DeclarationError: an unknown column or transform, a check or transform of the wrong type, paths that
            contradict each other.
    """
    return Compiler(template, model, where, models=models).mapping()


def load_models(folder: Path) -> dict[str, Model]:
    """The canonical models in `folder`/models, by name. Raises DeclarationError where a name is not its file's."""
    models: dict[str, Model] = {}
    for file in sorted((folder / "models").glob("*.yaml")):
        model = load_model(file)
        if model.model != file.stem:
            raise DeclarationError(file, "model", f"must be {file.stem}, as the file is called")
        models[model.model] = model
    return models


def load_mappings(specs: Map[str, ProviderSpec], folder: Path) -> dict[tuple[str, str], Mapping]:
    """The compiled mapping of every declared entity, by (provider, entity).

    Args:
        specs: the providers' declarations, by name.
        folder: where models/ and the providers' templates are.

    Raises:
        DeclarationError: a file is missing or wrong, or a template does not fit its entity's declaration.
    """
    models = load_models(folder)
    return {
        (provider, entity): _load(spec, entity, folder, models)
        for provider, spec in specs.items()
        for entity in spec.entities
    }


def _load(spec: ProviderSpec, entity: str, folder: Path, models: Map[str, Model]) -> Mapping:
    file = folder / f"{spec.mapping_of(entity)}.yaml"
    template = load_template(file)
    declared = spec.entities[entity]
    if template.model != declared.model:
        raise DeclarationError(file, "model", f"must be {declared.model}, as {spec.provider}'s {entity} declares")
    if template.model not in models:
        raise DeclarationError(file, "model", f"there is no models/{template.model}.yaml")
    mapping = compile_mapping(template, models[template.model], where=str(file), models=models)
    check_fit(mapping, spec, entity, where=file)
    return mapping


def check_fit(mapping: Mapping, spec: ProviderSpec, entity: str, *, where: Path | str) -> None:
    """Raise DeclarationError unless `mapping` has all that the declaration of `entity` counts on."""
    declared = spec.entities[entity]
    _check_directions(mapping, spec, entity, where)
    _check_references(mapping, spec, entity, where)
    _check_columns(mapping, spec, entity, where)
    for setting, columns in (
        ("where", declared.where),
        ("only_with", declared.only_with),
        ("only_if", declared.only_if),
        ("begin_if", declared.begin_if),
    ):
        for column in columns:
            if column not in mapping.model.columns:
                reason = f"{entity}.{setting} names {column}, which {mapping.model.model} has not"
                raise DeclarationError(where, "model", reason)


def _check_directions(mapping: Mapping, spec: ProviderSpec, entity: str, where: Path | str) -> None:
    declared = spec.entities[entity]
    if declared.pushes and not mapping.push_paths:
        raise DeclarationError(where, "fields", f"{spec.provider}'s {entity} is pushed, but no field is")
    if declared.pulls and not mapping.pull_paths:
        raise DeclarationError(where, "fields", f"{spec.provider}'s {entity} is pulled, but no field is")


def _check_columns(mapping: Mapping, spec: ProviderSpec, entity: str, where: Path | str) -> None:
    """What is decided or matched by column needs that column to come home."""
    declared = spec.entities[entity]
    named = {"conflict_of": declared.conflict_of, "match_on": [c for group in declared.match_on for c in group]}
    for setting, columns in named.items():
        for column in columns:
            if column not in mapping.pull_columns:
                reason = f"{entity}.{setting} names {column}, which is not pulled"
                raise DeclarationError(where, "fields", reason)


def _check_references(mapping: Mapping, spec: ProviderSpec, entity: str, where: Path | str) -> None:
    inside = [r for part in (*mapping.pushed_lists, *mapping.pulled_lists) for r in part.element.references]
    for reference in (*mapping.references, *inside):
        if reference.entity not in spec.entities[entity].needs:
            reason = f"{entity} must declare that it needs {reference.entity}"
            raise DeclarationError(where, f"fields.{reference.column}.reference.entity", reason)
