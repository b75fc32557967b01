"""The steps of one compilation: binding each part of a template to the model, and refusing what cannot work."""

from collections.abc import Iterable
from collections.abc import Mapping as Map
from typing import Any

from sync_core.errors import DeclarationError
from sync_core.mapping.bound import Bound, BoundField, BoundJoined
from sync_core.mapping.cells import SPOKEN, BadValue, Kind, Subject, typed
from sync_core.mapping.frame_schema import AnyOf, Rule, RuledColumn, frame_rules, rules_of
from sync_core.mapping.lists import BoundList
from sync_core.mapping.mapping import KEY, BoundReference, Mapping
from sync_core.mapping.paths import contradiction
from sync_core.mapping.transforms import Beside, Transform, transform
from sync_core.spec.template import Check, Column, Each, Joined, MappedField, Model, Template

KEY_COLUMN = Column(type="text", description="The row's key.", required=True)


class Compiler:
    """Holds what every step of one compilation needs: the template, the model, and the file for errors.

    `models` are those that lists in the record may be of. `around` are columns of the record around an element: there
    when a transform looks at them, whichever way the element goes.
    """

    def __init__(
        self, template: Template, model: Model, where: str, *, models: Map[str, Model], around: Iterable[str] = ()
    ) -> None:
        self.template = template
        self.model = model
        self.where = where
        self.models = models
        self.around = frozenset(around)

    def mapping(self) -> Mapping:
        """The compiled template. Raises DeclarationError at the first thing that is wrong."""
        if self.template.model != self.model.model:
            raise self.error("model", f"is {self.template.model}, but the model given is {self.model.model}")
        fields = [self.field(name, mapped) for name, mapped in self.template.fields.items()]
        parts: list[Bound] = [*fields, *(self.joined(i, j) for i, j in enumerate(self.template.joined))]
        pulled_alone = {c for part in parts if part.direction != "push" for c in part.columns}
        parts += [self.each(name, each, pulled_alone) for name, each in self.template.each.items()]
        pushed = tuple(part for part in parts if part.direction != "pull")
        # A transform that looks at another column must find it there already.
        pulled = tuple(sorted((p for p in parts if p.direction != "push"), key=_looks_around))
        pull_columns = _distinct(c for part in parts if part.direction != "push" for c in part.columns)
        self.check_beside(fields, pull_columns)
        push_paths = _distinct(path for part in pushed for path in part.paths)
        constants = self.constants(push_paths)
        return Mapping(
            model=self.model,
            references=self.references(),
            push_columns=_distinct(c for part in pushed for c in part.reads),
            pull_columns=pull_columns,
            push_paths=push_paths,
            pull_paths=_distinct(path for part in parts if part.direction != "push" for path in part.paths),
            constants=constants,
            new_row=self.new_row(pull_columns),
            pushed=pushed,
            pulled=pulled,
            push_rules=frame_rules([r for part in pushed for r in part.ruled()], self.any_of(pushed)),
            pull_rules=frame_rules([self.pull_rule(c) for c in pull_columns]),
            template=self.template,
            models=self.models,
        )

    def error(self, path: str, reason: str) -> DeclarationError:
        """An error at `path` of this template's file."""
        return DeclarationError(self.where, path, reason)

    def column(self, name: str, path: str) -> Column:
        """The model's column `name`, mentioned at `path`."""
        if name == KEY:
            return KEY_COLUMN
        if name not in self.model.columns:
            raise self.error(path, f"the model {self.model.model} has no column {name!r}")
        return self.model.columns[name]

    def field(self, name: str, mapped: MappedField) -> BoundField:
        """One column and one path."""
        path = f"fields.{name}"
        column = self.column(name, path)
        transforms, remote_kind = self.transforms(path, mapped, column.type)
        if mapped.reference and column.type != "text":
            raise self.error(f"{path}.reference", f"a reference must be a text, and {name} is {SPOKEN[column.type]}")
        if mapped.default is not None:
            self.value_of(mapped.default, column.type, f"{path}.default")
        return BoundField(
            column=name,
            remote=mapped.remote,
            direction=mapped.direction,
            kind=column.type,
            remote_kind=remote_kind,
            transforms=transforms,
            default=mapped.default,
            required=mapped.required,
            personal=column.personal,
            rules=self.rules(mapped.check, remote_kind, f"{path}.check"),
        )

    def transforms(self, path: str, mapped: MappedField, kind: Kind) -> tuple[tuple[Transform | Beside, ...], Kind]:
        """The field's transforms, and the type at the provider that they lead to."""
        found: list[Transform | Beside] = []
        for place, text in enumerate(mapped.transform):
            at = f"{path}.transform.{place}"
            try:
                step = transform(text)
            except ValueError as error:
                raise self.error(at, str(error)) from None
            takes, gives = step.takes, step.gives
            if takes != kind:
                raise self.error(at, f"{text} takes {SPOKEN[takes]}, not {SPOKEN[kind]}")
            if isinstance(step, Beside) and self.column(step.column, at).type != "text":
                raise self.error(at, f"{step.column} must be a text column")
            kind = gives
            found.append(step)
        if kind == "timestamp":
            raise self.error(f"{path}.transform", "a time needs a transform such as unix_time or rfc3339")
        return tuple(found), kind

    def rules(self, check: Check, kind: Kind, path: str) -> tuple[Rule, ...]:
        """The rules of the check declared at `path`."""
        try:
            return rules_of(check, kind)
        except ValueError as error:
            raise self.error(path, str(error)) from None

    def value_of(self, value: Any, kind: Kind, path: str) -> Any:
        """`value` if a column of type `kind` can hold it."""
        if isinstance(typed([value], kind, Subject(path, personal=False))[0], BadValue):
            raise self.error(path, f"must be {SPOKEN[kind]}, not {value!r}")
        return value

    def joined(self, place: int, joined: Joined) -> BoundJoined:
        """Two columns and one text."""
        path = f"joined.{place}"
        columns = [self.column(name, f"{path}.columns") for name in joined.columns]
        for name, column in zip(joined.columns, columns, strict=True):
            if column.type != "text":
                raise self.error(f"{path}.columns", f"{name} must be a text column")
        rules = self.rules(joined.check, "text", f"{path}.check")
        return BoundJoined(joined, any(column.personal for column in columns), rules)

    def each(self, name: str, each: Each, pulled: set[str]) -> BoundList:
        """A column that holds a list, and the template of its elements compiled. `pulled` are the record's columns."""
        path = f"each.{name}"
        if self.column(name, path).type != "json":
            raise self.error(path, f"{name} must be a json column")
        if each.model not in self.models:
            raise self.error(f"{path}.model", f"there is no models/{each.model}.yaml")
        own = self.models[each.model]
        for column in own.columns:
            if own.columns[column].type in ("timestamp", "json"):
                raise self.error(f"{path}.model", f"{each.model}.{column} must be a text, a number or a boolean")
        model = Model(model=own.model, description=own.description, columns={**self.model.columns, **own.columns})
        template = Template(
            model=each.model,
            fields={
                column: field if each.direction == "both" else field.model_copy(update={"direction": each.direction})
                for column, field in each.fields.items()
            },
            constants=each.constants,
        )
        around = set(self.model.columns) - set(own.columns)
        strangers = sorted(set(each.fields) - set(own.columns))
        if strangers:
            raise self.error(f"{path}.fields", f"the model {each.model} has no column {strangers[0]!r}")
        element = Compiler(template, model, f"{self.where}: {path}", models={}, around=around).mapping()
        bound = BoundList(name, each.remote, each.direction, each.required, element, frozenset(own.columns))
        for needed in bound.beside:
            if each.direction != "push" and needed not in pulled:
                raise self.error(f"{path}.fields", f"{needed} must be pulled too")
        return bound

    def check_beside(self, fields: Iterable[BoundField], pull_columns: tuple[str, ...]) -> None:
        """Refuse a pulled field whose transform looks at a column that is not pulled."""
        for bound in fields:
            for needed in bound.beside:
                if bound.direction != "push" and needed not in pull_columns and needed not in self.around:
                    raise self.error(f"fields.{bound.column}.transform", f"{needed} must be pulled too")

    def constants(self, push_paths: tuple[str, ...]) -> dict[str, Any]:
        """Values by path, once it is sure that one object can hold them beside `push_paths`."""
        constants = {constant.remote: constant.value for constant in self.template.constants}
        wrong = contradiction([*push_paths, *constants])
        if wrong is not None:
            raise self.error("fields", f"{wrong} contradicts another path: one object cannot hold both")
        return constants

    def new_row(self, pull_columns: tuple[str, ...]) -> dict[str, Any]:
        """Values that complete a row created by the provider."""
        for name, value in self.template.new_rows.items():
            path = f"new_rows.{name}"
            if name in pull_columns:
                raise self.error(path, f"{name} is pulled already")
            self.value_of(value, self.column(name, path).type, path)
        return dict(self.template.new_rows)

    def references(self) -> tuple[BoundReference, ...]:
        """The columns that hold other records' ids."""
        return tuple(
            BoundReference(name, f.remote, f.reference.entity, f.reference.pick, f.direction, f.required)
            for name, f in self.template.fields.items()
            if f.reference
        )

    def any_of(self, pushed: tuple[Bound, ...]) -> list[AnyOf]:
        """The declared groups, by the paths they are pushed to."""
        path_of = {column: part.paths[0] for part in pushed for column in part.columns}
        groups: list[AnyOf] = []
        for place, columns in enumerate(self.template.any_of):
            for column in columns:
                if column not in path_of:
                    raise self.error(f"any_of.{place}", f"{column} is not pushed")
            groups.append(AnyOf(_distinct(path_of[column] for column in columns), columns))
        return groups

    def pull_rule(self, name: str) -> RuledColumn:
        """What must hold of a pulled column: what the model says, and what the template requires of a pulled field."""
        column = self.column(name, name)
        declared = self.template.fields.get(name)
        required = column.required or (declared is not None and declared.required and declared.direction == "pull")
        rules = self.rules(column.check, column.type, f"columns.{name}.check")
        return RuledColumn(name, name, column.type, required, column.personal, rules)


def _looks_around(part: Bound) -> int:
    """Lists last, before them fields that look at another column, before them all others."""
    if isinstance(part, BoundList):
        return 2
    return int(isinstance(part, BoundField) and bool(part.beside))


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
