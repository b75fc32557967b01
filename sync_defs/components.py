"""The Dagster component behind every defs.yaml: a thin shell over the declaration language of `sync_core.spec`."""

import os
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import BaseModel, GetJsonSchemaHandler, RootModel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from assets.factory import provider_assets
from sync_core.settings import declarations_in
from sync_core.spec.load import load_provider, load_providers
from sync_core.spec.provider import ProviderSpec


class Attributes(RootModel[Any]):
    """What Dagster knows of a declaration: its schema, for `dg` and for editors; the values are read by `load`."""

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(ProviderSpec.__pydantic_core_schema__)


class ProviderSync(ProviderSpec, dg.Component):
    """Keeps a provider's entities in step with the venues' tables: one asset per entity, one partition per venue."""

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The attributes' schema. They are not derived by Dagster, which would lose the constraints."""
        return Attributes

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> "ProviderSync":  # noqa: ARG003 - see below
        """The declaration in the component's folder, read as the engine and the simulators read it.

        Dagster's own reading (YAML 1.1) is set aside: it takes the country NO for False and keeps duplicate keys.
        Raises DeclarationError naming the file, the path in it and the reason.
        """
        return cls.model_validate(load_provider(_file(context)).model_dump())

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The provider's assets; all other declarations are read for the lineage."""
        specs = load_providers(_file(context).parent.parent, *declarations_in(os.environ))
        return dg.Definitions(assets=provider_assets(self, specs))


def _file(context: dg.ComponentLoadContext) -> Path:
    return context.path / "defs.yaml"
