"""Names of weights: the path of an array in the networks of a game, such as "generator/params/Conv_0/kernel"."""

from collections.abc import Mapping
from typing import Any

Path = tuple[str, ...]  # (player, collection, layer, ..., array)


def by_name(networks: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arrays of nested dictionaries by their names, in the order of the names.

    Raises ValueError for a key that is no text or that contains "/".
    """
    found: dict[str, Any] = {}

    def walk(tree: Any, path: Path) -> None:
        if not isinstance(tree, Mapping):
            found["/".join(path)] = tree
            return
        for key, value in tree.items():
            if not isinstance(key, str) or not key or "/" in key:
                raise ValueError(f"weights cannot be saved by name: {key!r} is no name without a slash")
            walk(value, (*path, key))

    walk(networks, ())
    return dict(sorted(found.items()))


def by_path(arrays: Mapping[str, Any]) -> dict[Path, Any]:
    """Returns the arrays by their paths. Raises ValueError if a name has an empty part."""
    paths = {tuple(name.split("/")): array for name, array in arrays.items()}
    for path in paths:
        if not all(path):
            raise ValueError(f"{'/'.join(path)!r} names no weight")
    return paths


def nested(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `by_name`. Raises ValueError if a name has an empty part or is also the beginning of another."""
    networks: dict[str, Any] = {}
    for path, array in by_path(arrays).items():
        tree = networks
        for key in path[:-1]:
            tree = tree.setdefault(key, {})
            if not isinstance(tree, dict):
                raise ValueError(f"{'/'.join(path)!r} lies below another weight")
        if path[-1] in tree:
            raise ValueError(f"{'/'.join(path)!r} is a weight and holds others")
        tree[path[-1]] = array
    return networks
