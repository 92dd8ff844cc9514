"""Tables on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table


def print_beside_real(
    title: str, rows: Sequence[tuple[str, str, str]], console: Console, caption: str | None = None
) -> None:
    """Prints figures, each a row of what it is, its value of samples, and that of real examples."""
    table = Table(title=title, caption=caption)
    for heading in ("", "samples", "real: training"):
        table.add_column(heading, justify="right" if heading else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)
