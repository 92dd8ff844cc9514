import io

from rich.console import Console

from gan_jax.reporting import print_table


def printed(print_to) -> str:
    out = io.StringIO()
    print_to(Console(file=out, width=80))
    return out.getvalue()


def test_a_table_is_aligned_to_the_left_in_its_first_column_and_to_the_right_in_others():
    lines = printed(lambda console: print_table("title", ("", "a"), [("x", "1"), ("long", "22")], console)).splitlines()
    assert lines[0].strip() == "title"
    assert [line for line in lines if "x" in line or "long" in line] == ["│ x    │  1 │", "│ long │ 22 │"]
