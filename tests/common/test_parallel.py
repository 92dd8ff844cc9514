"""Eight devices train the game that one trains."""

import jax
import numpy as np
import pytest
from support.scripts import arrays_of

from gan_jax.common.parallel import axis_is_bound, example_keys, mean_over_devices


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """(run, devices) -> what support/devices.py saved, by name."""
    kept = arrays_of("devices", tmp_path_factory.mktemp("devices"))

    def of(run, devices):
        start = f"{run}/{devices}/"
        return {name.removeprefix(start): values for name, values in kept.items() if name.startswith(start)}

    return of


# Sums over devices are taken in another order. Measured: no step of the 50 was further off than 3e-7. The tolerance
# leaves room for what may come of that: Adam turns a rounding difference in a gradient close to zero into one of up to
# the learning rate in a weight.
@pytest.mark.slow
@pytest.mark.parametrize(("run", "steps"), [("plain", 50), ("augmented", 5)])
def test_every_step_is_that_of_a_single_device(played, run, steps):
    one, eight = played(run, 1), played(run, 8)
    metrics = [name for name in one if not name.startswith("[") and name not in ("all_reduced", "parameters")]
    norms = {"discriminator_gradient_norm", "generator_gradient_norm"}
    assert set(metrics) == {"discriminator_loss", "generator_loss", "D(x)", "D(G(z))", "accuracy_real"} | norms
    for name in metrics:
        assert len(one[name]) == steps
        np.testing.assert_allclose(eight[name], one[name], rtol=1e-5, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("run", ["plain", "augmented"])
def test_batch_statistics_are_those_of_the_whole_batch(played, run):
    one, eight = played(run, 1), played(run, 8)
    statistics = [name for name in one if name.startswith("[") and "batch_stats" in name]
    assert len(statistics) == 6  # mean and variance of the generator's two layers and the discriminator's one
    for name in statistics:
        np.testing.assert_allclose(eight[name], one[name], rtol=0, atol=1e-5 * np.abs(one[name]).max(), err_msg=name)


@pytest.mark.slow
def test_the_runs_that_are_compared_differ_from_each_other_and_change(played):
    plain, augmented = played("plain", 1), played("augmented", 1)
    assert not np.allclose(plain["D(x)"][:5], augmented["D(x)"], rtol=1e-3)
    assert np.ptp(plain["D(x)"]) > 0.05


@pytest.mark.slow
def test_the_gradients_of_an_update_travel_as_one_array(played):
    kept = played("plain", 8)
    discriminator, generator = kept["parameters"]
    assert np.sum(kept["all_reduced"] == discriminator) == 1
    assert np.sum(kept["all_reduced"] == generator) == 1
    # The rest is batch statistics and metrics, a few numbers each.
    assert np.sum(kept["all_reduced"] > 2 * 16) == 2


def test_alone_the_mean_over_devices_is_the_value_itself():
    assert not axis_is_bound()
    tree = {"a": jax.numpy.arange(3.0)}
    assert mean_over_devices(tree) is tree


def test_an_examples_key_depends_on_its_place_alone():
    key = jax.random.key(0)
    few, many = (jax.random.key_data(example_keys(key, count)) for count in (3, 8))
    np.testing.assert_array_equal(few, many[:3])
    assert len(np.unique(many, axis=0)) == 8
