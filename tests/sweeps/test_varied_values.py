"""The values that --vary takes, by the types of the settings, and the members that they make."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from gan_jax.common.errors import UsageError
from gan_jax.sweeps.members import folder_name, parse_varied, plan, populations
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    rate: float = 0.1
    decay: float | None = None
    width: int = 8
    norm: Literal["batch", "layer", "none"] = "batch"
    side: Literal[8, 16] | None = None
    name: str = "a"
    place: Path | None = None


def test_values_have_the_types_of_their_settings():
    words = ["name=x,y z", "width=8,16", "rate=1,2e-1", "flip=True,false", "norm=layer,none", "side=16,none", "decay=1"]
    varied = parse_varied(words, Config)
    assert varied == {
        "flip": (True, False), "rate": (1.0, 0.2), "decay": (1.0,), "width": (8, 16), "norm": ("layer", "none"),
        "side": (16, None), "name": ("x", "y z"),
    }  # fmt: skip
    assert next(iter(varied)) == "flip"  # in the order of the fields
    assert [type(value) for name in ("rate", "flip", "width") for value in varied[name]] == [
        float, float, bool, bool, int, int
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("norm=batch,layers", "did you mean layer?"),
        ("side=8,32", "'32' is not 8, 16 or none"),
        ("width=none", "'none' is not a whole number"),
        ("decay=none", "'none' is not a number"),
        ("place=a", "cannot vary"),
        ("flip=true,TRUE", "True is given twice"),
    ],
)
def test_values_of_other_types_are_refused(word, said):
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        parse_varied([word], Config)


def test_a_program_trains_the_members_that_share_all_but_numbers():
    members = plan(Config(seed=3), 2, parse_varied(["rate=1,2", "width=8,16", "flip=true,false"], Config))
    assert len(members) == len({member.name for member in members}) == 16
    parts = populations(members)
    assert [part[0].compiled for part in parts] == [
        {"flip": True, "width": 8}, {"flip": True, "width": 16},
        {"flip": False, "width": 8}, {"flip": False, "width": 16},
    ]  # fmt: skip
    assert [member.traced for member in parts[1]] == [
        {"seed": 3, "rate": 1.0}, {"seed": 4, "rate": 1.0}, {"seed": 3, "rate": 2.0}, {"seed": 4, "rate": 2.0}
    ]  # fmt: skip
    assert parts[1][2].name == "seed=3,flip=True,rate=2.0,width=16"
    assert parts[1][2].apply_to(Config()) == Config(seed=3, flip=True, rate=2.0, width=16)


def test_members_that_differ_in_numbers_alone_are_one_population_in_their_order():
    members = plan(Config(), 3, parse_varied(["rate=1,2", "decay=0.5,0.6"], Config))
    assert populations(members) == [members]


def test_names_of_folders_hold_any_text():
    assert folder_name({"name": "a/b", "rate": 1e-05}) == "name=a%2Fb,rate=1e-05"
    assert folder_name({"name": "a%2Fb"}) != folder_name({"name": "a/b"})
