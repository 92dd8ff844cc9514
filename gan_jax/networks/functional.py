"""How games call networks."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.ops.precision import remembered


def forward(
    module: nn.Module, params: Any, variables: Any, *inputs: Any, key: jax.Array | None = None
) -> tuple[Any, Any]:
    """`module` in training mode on `inputs`: its output, float32, and its non-trainable collections afterwards.

    key: of the stream "noise", for layers that draw.
    """

    def apply(params, variables, key, *inputs):
        return _apply(module, params, variables, key, inputs, list(variables))

    output, variables = remembered(apply)(params, variables, key, *inputs)
    return _float32(output), variables


def features(module: nn.Module, params: Any, variables: Any, *inputs: Any, key: jax.Array | None = None) -> jax.Array:
    """What `module`, called as by `forward`, sows as "features" into the collection "intermediates": (N, F), float32.

    Raises ValueError for a module that sows none.
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
