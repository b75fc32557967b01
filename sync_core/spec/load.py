"""Reading declarations: YAML 1.2 in, frozen models out, and an error that names file, path and reason.

YAML is read by ruamel.yaml, because YAML 1.1 readers turn the country NO into False and keep duplicate keys silently.
That takes a quarter of a second for all declarations, and an engine is opened with every tick of a sensor: what a
process has read once it knows by its text, so that a file that was changed counts at once.
"""

from collections.abc import Iterator
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from sync_core.errors import DeclarationError
from sync_core.spec.provider import ProviderSpec
from sync_core.spec.template import Model, Template

M = TypeVar("M", bound=BaseModel)

COMPONENT_TYPE = "sync_defs.components.ProviderSync"


def read_yaml(file: Path) -> Any:
    """The plain values in `file`. Raises DeclarationError when it is missing or not YAML."""
    try:
        return deepcopy(_values(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise DeclarationError(file, "", "the file does not exist") from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        raise DeclarationError(file, where, str(getattr(error, "problem", None) or error).split("\n")[0]) from None


@lru_cache(maxsize=512)
def _values(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def parse(kind: type[M], values: Any, file: Path | str) -> M:
    """`values` as a `kind`. Raises DeclarationError naming the first wrong path."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise DeclarationError(file, path, first["msg"].removeprefix("Value error, ") + more) from None


def load_provider(file: Path) -> ProviderSpec:
    """The declaration in a defs.yaml: `type` names the Dagster component, `attributes` is the declaration.

    An entity whose template lies beside the file is mapped by that one.
    """
    values = read_yaml(file)
    if not isinstance(values, dict) or values.get("type") != COMPONENT_TYPE:
        raise DeclarationError(file, "type", f"must be {COMPONENT_TYPE}")
    return _mapped_from_beside(parse(ProviderSpec, values.get("attributes"), file), file.parent)


def _mapped_from_beside(spec: ProviderSpec, folder: Path) -> ProviderSpec:
    """`spec` with the whole path of each template in `folder`; a whole path leads there from mappings/ too."""
    beside = {name: folder / (entity.mapping or name) for name, entity in spec.entities.items()}
    entities = {
        name: entity.model_copy(update={"mapping": str(beside[name].resolve())})
        if beside[name].with_name(f"{beside[name].name}.yaml").is_file()
        else entity
        for name, entity in spec.entities.items()
    }
    return spec.model_copy(update={"entities": entities})


def provider_files(folder: Path) -> Iterator[Path]:
    """The defs.yaml files one level below `folder`, in name order."""
    yield from sorted(folder.glob("*/defs.yaml"))


def load_providers(*folders: Path) -> dict[str, ProviderSpec]:
    """All declarations below `folders`, by provider name.

    Raises DeclarationError on a folder without any, and on a second declaration of the same name.
    """
    specs: dict[str, ProviderSpec] = {}
    for folder in folders:
        files = list(provider_files(folder))
        if not files:
            raise DeclarationError(folder, "", "no provider is declared below it: there is no <provider>/defs.yaml")
        for file in files:
            spec = load_provider(file)
            if spec.provider in specs:
                raise DeclarationError(file, "attributes.provider", f"{spec.provider} is declared twice")
            specs[spec.provider] = spec
    return specs


def load_model(file: Path) -> Model:
    """The canonical model in `file`."""
    return parse(Model, read_yaml(file), file)


def load_template(file: Path) -> Template:
    """The mapping template in `file`."""
    return parse(Template, read_yaml(file), file)
