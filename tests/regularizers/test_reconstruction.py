"""The penalty of a discriminator that reconstructs real images."""

import numpy as np
import pytest

from gan_jax.regularizers import Judged, View, reconstruct_real


def seen(real):
    nothing = dict.fromkeys(set(View._fields) - {"real"})
    return View(real=Judged(None, real, None, None), **nothing)


def test_the_penalty_is_the_mean_difference_of_real_images_summed_over_their_reconstructions():
    made, originals = np.random.default_rng(0).normal(size=(2, 5, 3, 4, 6, 2)).astype(np.float32)
    output = {"logits": np.zeros(5, np.float32), "reconstructions": made, "originals": originals}
    expected = sum(np.abs(np.float64(made[:, k]) - originals[:, k]).mean() for k in range(3))
    found, memory = reconstruct_real(2.5).apply(seen(output), ())
    assert found == pytest.approx(2.5 * expected, rel=1e-6)
    assert memory == ()
    assert reconstruct_real().name == "reconstruct_real"


def test_a_discriminator_that_makes_no_images_is_refused():
    with pytest.raises(ValueError, match="no head 'reconstructions', only logits"):
        reconstruct_real().apply(seen(np.zeros(5, np.float32)), ())


@pytest.mark.parametrize("weight", [-1.0, float("nan")])
def test_a_weight_that_is_no_weight_is_refused(weight):
    with pytest.raises(ValueError, match="reconstruct_real must be at least 0"):
        reconstruct_real(weight)
