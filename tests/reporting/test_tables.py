import io

from rich.console import Console

from gan_jax.reporting import print_beside_real, print_table


def printed(print_to) -> str:
    out = io.StringIO()
    print_to(Console(file=out, width=80))
    return out.getvalue()


def test_a_table_is_aligned_to_the_left_in_its_first_column_and_to_the_right_in_others():
    lines = printed(lambda console: print_table("title", ("", "a"), [("x", "1"), ("long", "22")], console)).splitlines()
    assert lines[0].strip() == "title"
    assert [line for line in lines if "x" in line or "long" in line] == ["│ x    │  1 │", "│ long │ 22 │"]


def test_figures_are_printed_beside_those_of_real_examples():
    text = printed(lambda console: print_beside_real("title", [("recall", "0.1", "0.9")], console, "caption"))
    assert "samples ┃ real: training" in text
    (line,) = (line for line in text.splitlines() if "recall" in line)
    assert line.index("0.1") < line.index("0.9")
    assert text.splitlines()[-1].strip() == "caption"
