"""gan-jax sweep on points and on translations. tests/sweeps has the rest."""

import json

from support import tiny_translation
from support.command import EXPERIMENTS, gan_jax, refused


def test_a_sweep_over_points_compares_the_modes_covered(capsys, tmp_path):
    sweep = tmp_path / "sweep"
    tiny = ("--hidden", 8, "--batch-size", 16, "--log-every", 1, "--steps", 3)
    result = gan_jax(capsys, "sweep", EXPERIMENTS / "modes" / "ring.py", *tiny, "--seeds", 2, "--workdir", sweep)
    assert result.status == 0, result.err
    results = json.loads((sweep / "results.json").read_text())
    measures = list(results["combinations"][0]["measures"])
    assert measures[:3] == ["modes_covered", "high_quality", "reverse_kl"]
    for member in results["members"]:
        evaluation = json.loads((sweep / "members" / member["name"] / "evaluation.json").read_text())
        assert member["reverse_kl"] == evaluation["reverse_kl"]
    assert "share within 3 deviations of a mode" in (sweep / "table.md").read_text()


def test_a_sweep_trains_and_evaluates_translations(tmp_path, capsys, gray_noise):
    arguments = ("--dataset", f"shuffled:edges:{gray_noise}", "--steps", 2, "--sample-every", 1, "--seeds", 2)
    result = gan_jax(capsys, "sweep", tiny_translation.__file__, *arguments, "--workdir", tmp_path / "sweep")
    assert result.status == 0, result.err
    assert "SSIM" in (tmp_path / "sweep" / "table.md").read_text()
    members = list((tmp_path / "sweep" / "members").iterdir())
    assert len(members) == 2
    for member in members:
        assert (member / "evaluation.json").exists()
        assert [path.name for path in (member / "samples").iterdir()] == ["step_00000002.png"]


def test_labels_are_not_hidden_from_a_conditional_game(capsys, tmp_path):
    conditional = EXPERIMENTS / "labels" / "conditional.py"
    result = gan_jax(
        capsys, "sweep", conditional, "--seeds", 2, "--labels-per-class", 3, "--workdir", tmp_path / "sweep"
    )
    refused(result, "its game is conditional", "--labels-per-class")
