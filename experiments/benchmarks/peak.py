"""The machine's matrix-product peak: python peak.py DTYPE prints {"flops": ...}, operations a second."""

import json
import sys

import jax
import jax.numpy as jnp
from measure import best_of


def main() -> None:
    size = 2048 if jax.default_backend() == "cpu" else 8192
    a = jax.random.normal(jax.random.key(0), (size, size), jnp.dtype(sys.argv[1]))
    product = jax.jit(lambda a: a @ a)
    seconds = best_of(lambda: product(a).block_until_ready(), 10)
    print(json.dumps({"flops": 2 * size**3 / seconds, "device": jax.devices()[0].device_kind}))


if __name__ == "__main__":
    main()
