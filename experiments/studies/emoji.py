"""Sorts emoji of 64x64 pixels into a folder for each category, on white, as `--dataset folder:emoji` reads them.

    npm pack emoji-datasource-google@16.0.0 && tar xzf emoji-datasource-google-16.0.0.tgz
    python experiments/studies/emoji.py package emoji

These are 1,906 emoji of Noto in nine categories (SIL Open Font License). Those of Twemoji are in
`emoji-datasource-twitter`.
"""

import json
import re
from pathlib import Path
from typing import Annotated

import tyro
from PIL import Image


def main(package: Annotated[Path, tyro.conf.Positional], out: Annotated[Path, tyro.conf.Positional]) -> None:
    """Sorts the emoji of an npm package into folders.

    Args:
        package: The unpacked package. It has emoji.json, and images in img/STYLE/64.
        out: The folder to write to.
    """
    (images,) = package.glob("img/*/64")
    written = 0
    for emoji in json.loads((package / "emoji.json").read_text()):
        path = images / emoji["image"]
        if emoji["category"] == "Component" or not path.exists():  # skin tones alone, and what this style lacks
            continue
        folder = out / re.sub(r"\W+", "_", emoji["category"].lower())
        folder.mkdir(parents=True, exist_ok=True)
        drawn = Image.open(path).convert("RGBA")
        Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn).convert("RGB").save(folder / path.name)
        written += 1
    print(f"{written:,} emoji: {out}")


if __name__ == "__main__":
    tyro.cli(main)
