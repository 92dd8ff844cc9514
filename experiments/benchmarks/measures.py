"""Seconds and memory of the measures of images, from features of 50,000 real and 50,000 generated images.

    python experiments/benchmarks/measures.py

Each row runs in a process of its own. Peak memory is that of the whole process, with both sets of features in it. The
features are those of a network in shape alone: normal numbers whose deviations fall by the factor e^6 from the first to
the last, and a shift between the sets. With --peer, torch-fidelity's precision and recall of the same features stands
beside (it holds all distances: 50,000 images take 40 GiB, so give fewer by --count).
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds and memory of the measures of images.")
    parser.add_argument("--count", type=int, default=50_000, help="Number of real and of generated images.")
    parser.add_argument("--peer", action="store_true", help="Time torch-fidelity's precision and recall too.")
    options = parser.parse_args()
    names = ["Fréchet", "precision, recall, density, coverage", "kernel", "peak memory"]
    print(f"| features of {options.count:,} and {options.count:,} images | {' | '.join(names)} |")
    print("| --- " * (len(names) + 1) + "|")
    for size in (64, 1280, 2048):
        command = [sys.executable, __file__, "--worker", str(size), str(options.count), "ours"]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        cells = [f"{found[name]:.1f} s" for name in ("frechet", "manifolds", "kernel")]
        print(f"| {size} | {' | '.join(cells)} | {found['mebibytes']:.0f} MiB |", flush=True)
        if options.peer:
            peer = subprocess.run([*command[:-1], "theirs"], check=True, capture_output=True, text=True).stdout
            print(f"| {size}, torch-fidelity | | {json.loads(peer)['precision_recall']:.1f} s | | |", flush=True)


def worker(size: int, count: int, side: str) -> None:
    rng = np.random.default_rng(0)
    scale = np.exp(-6 * np.arange(size) / size).astype(np.float32)
    real, fake = (rng.standard_normal((count, size), np.float32) for _ in range(2))
    real *= scale
    fake *= scale
    fake += 0.1 * scale
    found = measured(real, fake) if side == "ours" else {"precision_recall": peer(real, fake)}
    found["mebibytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found))


def measured(real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
    from gan_jax.evaluation.metrics import Neighborhoods, frechet_distance, kernel_distance, manifold_measures

    measures = {
        "frechet": lambda: frechet_distance(real, fake),
        "manifolds": lambda: manifold_measures(Neighborhoods(real), fake),
        "kernel": lambda: kernel_distance(real, fake),
    }
    found = {}
    for name, measure in measures.items():
        start = time.perf_counter()
        measure()
        found[name] = time.perf_counter() - start
    return found


def peer(real: np.ndarray, fake: np.ndarray) -> float:
    sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
    from support.torch_fidelity import torch_fidelity

    torch_fidelity()
    import torch
    from torch_fidelity.metric_prc import prc_features_to_metric

    start = time.perf_counter()
    prc_features_to_metric(torch.from_numpy(fake), torch.from_numpy(real), verbose=False)
    return time.perf_counter() - start


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    else:
        main()
