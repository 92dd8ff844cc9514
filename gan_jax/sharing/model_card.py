"""The model card of an export, README.md, in the form that Hugging Face's hub reads."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gan_jax.sharing.manifest import Manifest

PICTURE = "samples.png"

_NOT_STATED = "not stated"


@dataclass(frozen=True)
class Origin:
    """Where weights come from, as far as it is known.

    description: what was trained, with its paper: the experiment's docstring.
    data: the name of the training data. images: how many of them there are. licence: theirs.
    figures: what an evaluation of these weights measured, by name.
    """

    description: str
    data: str
    images: int | None = None
    licence: str | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)


def model_card(manifest: Manifest, origin: Origin, has_picture: bool) -> str:
    """Returns the text of README.md for an export of this manifest and origin."""
    kind = "image-to-image" if manifest.translates else "unconditional-image-generation"
    tags = ["gan", "jax", "stablehlo", manifest.name]
    front = f"""\
---
library_name: gan-jax
license: unknown
pipeline_tag: {kind}
tags: {json.dumps(tags, ensure_ascii=False)}
---
"""
    # The hub has no name for the others: points, and images of classes.
    if len(manifest.info.example_shape) != 3 or manifest.conditional:
        front = front.replace(f"pipeline_tag: {kind}\n", "")
    parts = [
        f"# {manifest.name}",
        _quoted(origin.description),
        f"![pictures of the training run]({PICTURE})" if has_picture else "",
        _facts(manifest, origin),
        "## Use",
        _use(manifest),
        "## Figures" if origin.figures else "",
        _table(("figure", "value"), origin.figures.items()) if origin.figures else "",
        "## Settings" if manifest.settings else "",
        _table(("setting", "value"), manifest.settings.items()) if manifest.settings else "",
        "Written by gan-jax. " + ", ".join(f"{name} {version}" for name, version in manifest.versions.items()) + ".",
    ]
    return front + "\n" + "\n\n".join(part for part in parts if part) + "\n"


def _facts(manifest: Manifest, origin: Origin) -> str:
    info = manifest.info
    rows: list[tuple[str, Any]] = [
        ("training step", _NOT_STATED if manifest.step is None else f"{manifest.step:,}"),
        ("training data", origin.data),
        ("number of training examples", _NOT_STATED if origin.images is None else f"{origin.images:,}"),
        ("licence of the data", origin.licence or _NOT_STATED),
    ]
    if manifest.translates:
        for way, sizes in manifest.programs.items():
            shapes = info.translation_shapes
            source, target = shapes if way == "AtoB" else shapes[::-1]
            sides = f"{sizes.height}x{sizes.width}" if sizes.height else f"sides that are multiples of {sizes.multiple}"
            rows.append((way, f"{source[2]} to {target[2]} channels, trained at {_size(source)}; takes {sides}"))
    else:
        rows.append(("samples", _size(info.example_shape)))
    if manifest.conditional:
        rows.append(("classes", ", ".join(info.classes)))
    return _table(("", ""), rows)


def _use(manifest: Manifest) -> str:
    command, call, plain = (
        (
            "gan-jax translate FOLDER pictures/ translated/",
            'translated = model.translate(images, "AtoB")  # images uint8 (N, H, W, C)',
            _PLAIN_TRANSLATION.format(way=next(iter(manifest.programs))),
        )
        if manifest.translates
        else (
            "gan-jax sample FOLDER --count 64 --seed 1 --out samples.png",
            "samples = model.sample(64, seed=1)  # images uint8 (64, H, W, C), or points",
            _PLAIN_SAMPLES,
        )
    )
    return f"""\
FOLDER is this folder. It holds no Python code. From the shell, and in Python:

```bash
pip install gan-jax
{command}
```

```python
from gan_jax.sharing import load_export

model = load_export("FOLDER")
{call}
```

Without gan-jax, it takes JAX, `safetensors` and `flatbuffers`. Each `.stablehlo` file is a function for
{_listed(_PLATFORMS_IN_WORDS)} that `jax.export` wrote. JAX reads those of its older versions for at least six months.
`model.safetensors` can be read at any time.

```python
{plain}
```"""


_PLATFORMS_IN_WORDS = ("CPUs", "GPUs of NVIDIA", "TPUs")

_PLAIN_SAMPLES = """\
import jax, numpy as np
from jax import export
from safetensors.numpy import load_file

read = lambda name: export.deserialize(bytearray(open(name, "rb").read()))
weights, latents, generator = load_file("model.safetensors"), read("latents.stablehlo"), read("generator.stablehlo")
drawn = latents.call(jax.random.key_data(jax.random.key(1)), np.arange(64, dtype=np.int32))
samples = generator.call(weights, drawn)  # float32; images are in [-1, 1]"""

_PLAIN_TRANSLATION = """\
import jax, numpy as np
from jax import export
from safetensors.numpy import load_file

weights = load_file("model.safetensors")
program = export.deserialize(bytearray(open("{way}.stablehlo", "rb").read()))
images = np.float32(pixels) / 127.5 - 1  # (N, H, W, C) in [-1, 1], of pixels uint8
translated = program.call(weights, images, jax.random.key_data(jax.random.key(1)))"""


def _table(head: tuple[str, str], rows: Any) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "|---|---|"]
    return "\n".join([*lines, *(f"| {_cell(name)} | {_cell(_value(value))} |" for name, value in rows)])


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _quoted(text: str) -> str:
    return "\n".join(line.rstrip().replace("<", "&lt;") for line in text.strip().splitlines())


def _size(shape: tuple[int, ...]) -> str:
    if len(shape) == 2:
        return f"texts of up to {shape[0]} characters, one-hot codes of {shape[1]} characters"
    return f"points of {shape[0]} numbers" if len(shape) == 1 else "x".join(map(str, shape))


def _listed(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"
