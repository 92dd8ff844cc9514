"""How games call networks."""

from typing import Any

import flax.linen as nn


def forward(module: nn.Module, params: Any, variables: Any, *inputs: Any) -> tuple[Any, Any]:
    """`module` in training mode on `inputs`: its output and its non-trainable collections after the pass."""
    return module.apply({"params": params, **variables}, *inputs, train=True, mutable=list(variables))
