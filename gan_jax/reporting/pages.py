"""What programs write into pages of Markdown: numbers in words, tables, and parts of a page between two marks."""

import math
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path


def spread(values: list[float]) -> str:
    """Mean and standard deviation in words.

    >>> reporting.spread([1.0, 2.0, 3.0]), reporting.spread([2.0]), reporting.spread([])
    ('2 ± 1', '2', '–')
    """
    if not values:
        return "–"
    deviation = f" ± {statistics.stdev(values):.2g}" if len(values) > 1 else ""
    mean = statistics.fmean(values)
    return f"{mean:.3g}{deviation}" if math.isfinite(mean) else "–"


def markdown(lines: Iterable[Sequence[str]]) -> str:
    """The table of these lines of cells, the first two of which are its heading.

    >>> print(reporting.markdown([("run", "FID"), ("---", "---:"), ("dcgan", "7.1")]))
    | run | FID |
    | --- | ---: |
    | dcgan | 7.1 |
    """
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def marks(name: str) -> tuple[str, str]:
    """Where the part of a page begins that a program writes, and where it ends."""
    return f"<!-- {name}: start -->", f"<!-- {name}: end -->"


def write_part(page: Path, name: str, text: str) -> None:
    """Replaces the part of this name. A page that has no such part gets it at its end."""
    start, end = marks(name)
    before, _, rest = (page.read_text() if page.exists() else "").partition(start)
    if before and not rest:
        before = f"{before.rstrip()}\n\n"
    page.write_text(f"{before}{start}\n\n{text.rstrip()}\n\n{end}{rest.partition(end)[2] or chr(10)}")
