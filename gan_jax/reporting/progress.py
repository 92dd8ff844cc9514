"""A bar on the terminal that shows how much of a long task is done."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def progress_bars(console: Console) -> Callable[[str, int], AbstractContextManager[Callable[[int], None]]]:
    """Returns a function that shows a bar for a task: (what is done, how many things there are) -> context.

    The context gives a function that is called with the number of things that were done since its last call. The bar
    goes when the context ends. Where the console is no terminal, nothing is shown.
    """

    @contextmanager
    def bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
        progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        with progress:
            task = progress.add_task(what, total=total)
            yield lambda count: progress.advance(task, count)

    return bar
