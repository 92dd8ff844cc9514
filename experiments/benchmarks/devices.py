"""The cost of sharding one batch over several devices: python devices.py N, a worker of `measure`.

Virtual CPU devices share the cores, so this is the overhead of sharding, without its gain.
"""

import os
import sys

if __name__ == "__main__":
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={sys.argv[1]}"

import json
import re
import time

import jax
import numpy as np
from ours import dcgan_game

from gan_jax.game import init_state
from gan_jax.training.placement import replicate, shard
from gan_jax.training.program import make_program

_BATCH = 64


def main() -> None:
    devices = int(sys.argv[1])
    game = dcgan_game(32, 1, 32, 100)
    program = make_program(game, steps_per_call=1, devices=devices)
    rng = np.random.default_rng(0)
    data = replicate({"image": rng.integers(0, 256, (1024, 32, 32, 1), dtype=np.uint8)}, devices)
    batches = shard(rng.integers(0, 1024, (1, _BATCH), dtype=np.int32), 1, devices)
    state = replicate(jax.jit(lambda: init_state(game, jax.random.key(0)))(), devices)
    text = program.lower(state, data, batches, 1).compile().as_text()
    params = jax.tree.map(lambda x: int(np.prod(x.shape[devices > 1 :])), state.params)
    said = {"gradients": {name: sum(jax.tree.leaves(sizes)) for name, sizes in params.items()}}
    results = re.findall(r"= (.*) all-reduce\(", text)
    said["all_reduced"] = [[int(n) for n in re.findall(r"f32\[(\d+)\]", result)] for result in results]
    state, _ = program(state, data, batches, 1)
    jax.block_until_ready(state)
    print(json.dumps(said), flush=True)
    for line in sys.stdin:
        count = int(line)
        start = time.perf_counter()
        for _ in range(count):
            state, _ = program(state, data, batches, 1)
        jax.block_until_ready(state)
        print(json.dumps({"seconds": (time.perf_counter() - start) / count, **said}), flush=True)


if __name__ == "__main__":
    main()
