"""Functions with which games call networks in training mode."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.traverse_util import flatten_dict, unflatten_dict

from gan_jax.networks.ops.precision import with_remat


def forward(
    module: nn.Module, params: Any, variables: Any, *inputs: Any, key: jax.Array | None = None, **options: Any
) -> tuple[Any, Any]:
    """Applies `module` to `inputs` in training mode.

    key: PRNG key of the "noise" stream, for layers that draw random numbers.
    options: what else the module takes, such as `given=True` of `networks.text.Generator`.

    Returns the output as float32, and the updated non-trainable collections.
    """

    def apply(params, variables, key, *inputs):
        return _apply(module, params, variables, key, inputs, list(variables), **options)

    output, variables = with_remat(apply)(params, variables, key, *inputs)
    return _float32(output), variables


def features(module: nn.Module, params: Any, variables: Any, *inputs: Any, key: jax.Array | None = None) -> jax.Array:
    """Returns the features (N, F), float32, of `module` called as in `forward`.

    They are what the module sows as "features" into the collection "intermediates", or a module within it if it sows
    none itself. Raises ValueError if none does.
    """
    _, sown = _apply(module, params, variables, key, inputs, [*variables, "intermediates"])
    return _outermost(module, sown)


def batch_statistics(module: nn.Module, variables: Any, *inputs: Any, key: jax.Array | None = None) -> Any:
    """The collection "batch_stats" of `module`, with the means and variances of these inputs in batch normalization.

    They are those of this batch alone, in training mode, and not averages over training. `variables` are all of its
    Flax variables, and `key` is as in `forward`. Raises ValueError for a module without batch normalization.
    """
    rest = {name: x for name, x in variables.items() if name != "params"}
    _, sown = _apply(module, variables["params"], rest, key, inputs, [*rest, "intermediates"])
    kept: dict[Any, Any] = flatten_dict(rest.get("batch_stats", {}))
    seen: dict[Any, Any] = flatten_dict(sown.get("intermediates", {}))
    if not kept.keys() & seen.keys():
        raise ValueError(f"{type(module).__name__} has no batch normalization")
    return unflatten_dict({path: sum(seen[path]) / len(seen[path]) if path in seen else kept[path] for path in kept})


def evaluation_features(module: nn.Module, variables: Any, *inputs: Any) -> jax.Array:
    """The `features` (N, F) of `module` in evaluation mode. `variables` are all of its Flax variables.

    Raises ValueError as `features` does.
    """
    _, sown = module.apply(variables, *inputs, train=False, mutable=["intermediates"])
    return _outermost(module, sown)


def forward_with_maps(
    module: nn.Module, params: Any, variables: Any, *inputs: Any, name: str, key: jax.Array | None = None
) -> tuple[Any, Any, list[jax.Array]]:
    """`forward`, and in addition what `module` sows as `name`, in order and as float32.

    XLA leaves out what only the output needs if the output is not used. Raises ValueError for a module that sows none.
    """
    output, after, found = _sown(module, params, variables, inputs, key, name)
    return _float32(output), after, found


def _sown(
    module: nn.Module, params: Any, variables: Any, inputs: tuple[Any, ...], key: Any, name: str
) -> tuple[Any, Any, list[jax.Array]]:
    """Returns the output, the updated non-trainable collections, and what is sown as `name`."""
    output, after = _apply(module, params, variables, key, inputs, [*variables, "intermediates"])
    found = _named(module, after, name)
    return output, {collection: x for collection, x in after.items() if collection != "intermediates"}, found


def _named(module: nn.Module, collections: Any, name: str) -> list[jax.Array]:
    """What is sown as `name`, in order and as float32. Raises ValueError if nothing is."""
    return [_float32(leaf) for _, leaf in _places(module, collections, name)]


def _outermost(module: nn.Module, collections: Any) -> jax.Array:
    """The last features (N, F) that are sown by the module itself, or by the outermost one within it that sows any."""
    places = _places(module, collections, "features")
    depth = min(len(path) for path, _ in places)
    found = _float32([leaf for path, leaf in places if len(path) == depth][-1])
    return found.reshape(len(found), -1)


def _places(module: nn.Module, collections: Any, name: str) -> list[tuple[Any, jax.Array]]:
    """Where something is sown as `name`, and what, in order. Raises ValueError if nothing is."""
    leaves = jax.tree_util.tree_leaves_with_path(collections.get("intermediates", {}))
    found = [(path, leaf) for path, leaf in leaves if jax.tree_util.DictKey(name) in path]
    if not found:
        raise ValueError(f'{type(module).__name__} has no {name}: its module sows none as "{name}"')
    return found


def _apply(
    module: nn.Module, params: Any, variables: Any, key: Any, inputs: Any, mutable: list[str], **options: Any
) -> Any:
    rngs = None if key is None else {"noise": key}
    return module.apply({"params": params, **variables}, *inputs, train=True, mutable=mutable, rngs=rngs, **options)


def _float32(tree: Any) -> Any:
    return jax.tree.map(lambda x: x.astype(jnp.float32), tree)
