"""Tables on the terminal."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table


def print_table(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], console: Console, caption: str | None = None
) -> None:
    """Prints a table whose first column is aligned to the left and whose other columns are aligned to the right.

    A row may have fewer cells than there are headings; the cells that it lacks are empty.

    >>> from rich.console import Console
    >>> rows = [("precision", "0.74"), ("recall", "0.78")]
    >>> reporting.print_table("digits", ("", "samples"), rows, Console(width=40))
            digits
    ┏━━━━━━━━━━━┳━━━━━━━━━┓
    ┃           ┃ samples ┃
    ┡━━━━━━━━━━━╇━━━━━━━━━┩
    │ precision │    0.74 │
    │ recall    │    0.78 │
    └───────────┴─────────┘
    """
    table = Table(title=title, caption=caption)
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="right" if i else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)
