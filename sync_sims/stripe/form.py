"""Form bodies with bracket nesting, as Stripe's v1 API reads them: `a[b]=1`, `a[0]=x`, `a[]=x`."""

from collections.abc import Iterable
from typing import Any

from sync_sims.stripe.errors import ApiError


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Turn flat pairs into nested dictionaries; `a[]` becomes a list, `a[0]` a dictionary with the key "0".

    Raises:
        ApiError: A key's brackets do not match, or one name is used both as a value and as a hash.
    """
    tree: dict[str, Any] = {}
    for name, value in pairs:
        if "[" not in name:
            tree[name] = value
        else:
            _place(tree, name, value)
    return tree


def _place(tree: dict[str, Any], name: str, value: str) -> None:
    head, _, rest = name.partition("[")
    if not rest.endswith("]"):
        raise ApiError(f"Invalid parameter name: {name}", param=head)
    keys = [head, *rest[:-1].split("][")]
    as_list = keys[-1] == "" and len(keys) > 1
    if as_list:
        keys.pop()
    node = tree
    for key in keys[:-1]:
        node = node.setdefault(key, {})
        if not isinstance(node, dict):
            raise ApiError(f"Invalid object: {name}", param=head)
    last = keys[-1]
    if not as_list:
        node[last] = value
        return
    values = node.setdefault(last, [])
    if not isinstance(values, list):
        raise ApiError(f"Invalid array: {name}", param=head)
    values.append(value)


def form_of(value: Any) -> Any:
    """The form spelling of a JSON value, so that seeded rows pass the same checks as requests."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return {str(key): form_of(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [form_of(item) for item in value]
    return str(value)
