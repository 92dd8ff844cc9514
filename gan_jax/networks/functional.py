"""Functions with which games call networks in training mode."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.ops.precision import with_remat


def forward(
    module: nn.Module, params: Any, variables: Any, *inputs: Any, key: jax.Array | None = None
) -> tuple[Any, Any]:
    """Applies `module` to `inputs` in training mode.

    key: PRNG key of the "noise" stream, for layers that draw random numbers.

    Returns the output as float32, and the updated non-trainable collections.
    """

    def apply(params, variables, key, *inputs):
        return _apply(module, params, variables, key, inputs, list(variables))

    output, variables = with_remat(apply)(params, variables, key, *inputs)
    return _float32(output), variables


def features(module: nn.Module, params: Any, variables: Any, *inputs: Any, key: jax.Array | None = None) -> jax.Array:
    """Returns the features (N, F), float32, of `module` called as in `forward`.

    They are what the module sows as "features" into the collection "intermediates". Raises ValueError for a module that
    sows none.
    """
    mutable = [*variables, "intermediates"]
    _, after = _apply(module, params, variables, key, inputs, mutable)
    found = [
        leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(after.get("intermediates", {}))
        if jax.tree_util.DictKey("features") in path
    ]
    if not found:
        raise ValueError(f'{type(module).__name__} has no features: its module sows none as "features"')
    return _float32(found[-1].reshape(len(found[-1]), -1))


def _apply(module: nn.Module, params: Any, variables: Any, key: Any, inputs: Any, mutable: list[str]) -> Any:
    rngs = None if key is None else {"noise": key}
    return module.apply({"params": params, **variables}, *inputs, train=True, mutable=mutable, rngs=rngs)


def _float32(tree: Any) -> Any:
    return jax.tree.map(lambda x: x.astype(jnp.float32), tree)
