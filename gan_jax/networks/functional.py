"""How games call networks."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.computing import remembered


def forward(module: nn.Module, params: Any, variables: Any, *inputs: Any) -> tuple[Any, Any]:
    """`module` in training mode on `inputs`: its output, float32, and its non-trainable collections afterwards."""

    def apply(params, variables, *inputs):
        return module.apply({"params": params, **variables}, *inputs, train=True, mutable=list(variables))

    output, variables = remembered(apply)(params, variables, *inputs)
    return jax.tree.map(lambda x: x.astype(jnp.float32), output), variables
