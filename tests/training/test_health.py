"""Dead games: the signs, how long they must last, and games that live."""

import numpy as np
import pytest

from gan_jax.training.health import SPREAD, Health, dead_at_the_end, sample_spread

HEALTHY = {
    "discriminator_loss": 1.2,
    "discriminator_gradient_norm": 5.0,
    "generator_loss": 0.8,
    "generator_gradient_norm": 2.0,
    "D(x)": 0.7,
    "D(G(z))": 0.3,
    "accuracy_real": 0.9,
    "images_per_second": None,
}


def verdicts(health: Health, steps: range, **changes) -> list[tuple[int, str]]:
    """Each step at which the game dies or recovers, while lines have these changes."""
    events = [(step, health.update({"step": step, **HEALTHY, **changes})) for step in steps]
    return [(step, name) for step, event in events if event for name in event]


NO_OUTPUTS = {"D(x)": None, "D(G(z))": None}
SIGNS = [
    ({"generator_gradient_norm": 0.0}, 200, "the generator's gradients have been below 1e-08"),
    ({"discriminator_gradient_norm": 9e-9}, 200, "the discriminator's gradients have been below 1e-08"),
    ({"generator_loss": 2.8e8}, 200, "the generator's loss has been beyond 1e+06"),
    ({"discriminator_loss": -2e6}, 200, "the discriminator's loss has been beyond 1e+06"),
    ({"D(x)": 0.9995, "D(G(z))": 1e-5}, 1000, "won everything, D(x) = 1 and D(G(z)) = 0,"),
    ({**NO_OUTPUTS, "D(x,y)": 1.0, "D(x,G(x))": 0.0}, 1000, "won everything, D(x,y) = 1 and D(x,G(x)) = 0,"),
    ({**NO_OUTPUTS, "D_B(b)": 1.0, "D_B(G(a))": 0.0}, 1000, "won everything, D_B(b) = 1 and D_B(G(a)) = 0,"),
    ({SPREAD: 0.01}, 1000, "the samples have been all alike"),
]


@pytest.mark.parametrize(("sign", "steps", "words"), SIGNS, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("every", [1, 20, 50])
def test_each_sign_is_found_when_it_has_lasted(sign, steps, words, every):
    health = Health()
    assert verdicts(health, range(every, 3000, every)) == []
    # Nine tenths of the lines in the window suffice.
    ((step, what),) = verdicts(health, range(3000, 6000, every), **sign)
    lines = max(steps // every + 1, 3 if SPREAD in sign else 10)
    assert what == "dead"
    assert 3000 + 0.85 * steps <= step <= 3000 + max(steps, (lines - 1) * every)
    assert words in health.dead
    assert health.dead.endswith("since step 3000")


@pytest.mark.parametrize("sign", [sign for sign, *_ in SIGNS], ids=str)
def test_a_sign_in_few_lines_or_over_few_steps_or_in_half_of_them_is_not_death(sign):
    few_lines = Health()
    assert verdicts(few_lines, range(1000, 3000, 1000), **sign) == []
    few_steps = Health()
    assert verdicts(few_steps, range(200), **sign) == []
    half, healthy = Health(), {name: None if value is None else 0.5 for name, value in sign.items()}
    for step in range(20, 6000, 20):
        assert not half.update({"step": step, **HEALTHY, **(sign if step % 40 else healthy)})


def test_a_single_bad_line_neither_kills_nor_revives():
    health = Health()
    assert verdicts(health, range(20, 220, 20), generator_gradient_norm=0.0) == []
    assert verdicts(health, range(220, 240, 20), generator_gradient_norm=229.0) == [(220, "dead")]
    assert verdicts(health, range(240, 600, 20), generator_gradient_norm=0.0) == []
    assert verdicts(health, range(600, 620, 20)) == []
    assert health.dead


def test_a_game_recovers_once_all_its_signs_are_gone_and_can_die_again():
    health = Health()
    assert verdicts(health, range(20, 500, 20), generator_gradient_norm=0.0, generator_loss=1e7) == [(220, "dead")]
    assert verdicts(health, range(500, 900, 20), generator_loss=1e7) == []
    assert health.dead == "the generator's loss has been beyond 1e+06 since step 20"
    ((step, what),) = verdicts(health, range(900, 1500, 20))
    assert (what, health.dead) == ("alive", None)
    assert 1000 <= step <= 1020
    assert len(verdicts(health, range(1500, 2000, 20), generator_loss=1e7)) == 1


def test_pictures_between_other_lines_decide_about_samples_alone():
    """Lines without a picture say nothing about samples, neither for nor against."""
    health = Health()

    def feed(steps, spread):
        events = [health.update({"step": s, **HEALTHY, **({} if s % 500 else {SPREAD: spread})}) for s in steps]
        return [event for event in events if event]

    (dead,) = feed(range(20, 3000, 20), 0.001)
    assert dead == {"dead": health.dead}
    assert health.dead.endswith("since step 500")
    assert len(feed(range(3000, 6000, 20), 0.5)) == 1
    assert health.dead is None


def test_scores_of_critics_and_reconstruction_losses_say_nothing_about_winning():
    assert verdicts(Health(), range(20, 4000, 20), **{"D(x)": 9.0, "D(G(z))": -3.0}) == []
    assert verdicts(Health(), range(20, 4000, 20), **NO_OUTPUTS, **{"L(x)": 1.0, "L(G(z))": 0.0}) == []


def test_the_verdict_depends_on_the_kept_lines_alone():
    """A run that is resumed feeds them to a new Health, and both go on alike, wherever the cut is."""
    random = np.random.default_rng(np.random.SeedSequence().entropy)
    dying = [{"step": s, **HEALTHY, "generator_gradient_norm": float(random.random() < s / 1000)} for s in range(900)]
    dying += [{"step": s, **HEALTHY, "generator_gradient_norm": 0.0} for s in range(900, 1500)]
    whole = Health()
    events = [whole.update(row) for row in dying]
    for cut in (1, 500, 950, 1090, 1200, 1499):
        resumed = Health()
        assert [resumed.update(row) for row in dying[:cut]] == events[:cut]
        assert [resumed.update(row) for row in dying[cut:]] == events[cut:]
        assert resumed.dead == whole.dead is not None


def test_dead_at_the_end_is_what_the_last_event_says():
    assert dead_at_the_end([{"step": 1}]) is None
    rows = [{"step": 1, "dead": "a"}, {"step": 2}]
    assert dead_at_the_end(rows) == "a"
    assert dead_at_the_end([*rows, {"step": 3, "alive": "b"}, {"step": 4}]) is None
    assert dead_at_the_end([*rows, {"step": 3, "alive": "b"}, {"step": 4, "dead": "c"}]) == "c"


def test_spread_of_samples():
    random = np.random.default_rng(0)
    real = random.integers(0, 256, (500, 8, 8, 3), np.uint8)
    assert sample_spread(real[:250], real[250:]) == pytest.approx(1, abs=0.05)
    assert sample_spread(np.repeat(real[:1], 64, 0), real) == 0
    assert sample_spread(real // 2, real) == pytest.approx(0.5, abs=0.01)
    points = random.normal(size=(400, 2)).astype(np.float32)
    assert sample_spread(3 * points + 7, points) == pytest.approx(3, rel=1e-5)
    assert sample_spread(np.zeros_like(real), np.zeros_like(real)) == 1  # one image is all there is to learn
    # Noise around one picture is far below the threshold, and two pictures are far above.
    near = real[:1].astype(int) + random.integers(-1, 2, (64, 8, 8, 3))
    assert sample_spread(np.clip(near, 0, 255).astype(np.uint8), real) < 0.02
    assert sample_spread(np.repeat(real[:2], 32, 0), real) > 0.5
