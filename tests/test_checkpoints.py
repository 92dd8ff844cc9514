"""What is in a checkpoint, and what is not its fault."""

import jax
import numpy as np
import pytest

from gan_jax.checkpoints import Checkpoints
from gan_jax.errors import UserError

STATE = {"kernel": np.arange(6.0).reshape(2, 3), "step": np.int32(4)}
OTHERS = {
    "one more": STATE | {"bias": np.zeros(3)},
    "one less": {"step": np.int32(0)},
    "another name": {"weight": STATE["kernel"], "step": np.int32(0)},
    "another shape": STATE | {"kernel": np.zeros((3, 2))},
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_whole_checkpoint_of_another_structure_is_an_error_and_stays(other, tmp_path):
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    checkpoints.save(4, STATE)
    checkpoints.wait()
    with pytest.raises(UserError, match=r"checkpoint 4 .* is whole, but not of this game"):
        checkpoints.restore_newest(jax.eval_shape(lambda: OTHERS[other]))
    assert not (tmp_path / "damaged").exists()
    again = checkpoints.restore_newest(jax.eval_shape(lambda: STATE))
    assert again is not None
    np.testing.assert_array_equal(again["kernel"], STATE["kernel"])
    checkpoints.close()
