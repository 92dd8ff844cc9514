"""What a direction in the latent space changes in images, and what it keeps."""

import numpy as np


def kept_where_changed(has: np.ndarray, identities: np.ndarray, strengths: np.ndarray) -> dict[str, float]:
    """What a direction changes in samples without an attribute, and what it keeps.

    has: bool (N, S), whether sample i has the attribute at each strength. identities: int (N, S), its class.
    strengths: (S,), rising, with a 0 among them.

    Only samples count that have no attribute at strength 0, and only strengths above it. Returns

    - changed: the share that has the attribute at the greatest strength,
    - half: the strength at which half of them have it, linear between the strengths; NaN if it is never reached,
    - kept: the share of them with the same class as at 0, at that strength, linear between the strengths; or NaN.

    Raises ValueError if no strength is 0, or if every sample has the attribute there.

    >>> from gan_jax.evaluation.metrics import kept_where_changed
    >>> smiles = np.array([[False, False, True], [False, True, True]])  # two faces, at three strengths
    >>> who = np.array([[5, 5, 5], [8, 3, 3]])  # the second one turns into someone else
    >>> kept_where_changed(smiles, who, strengths=np.array([0.0, 1.0, 2.0]))
    {'changed': 1.0, 'half': 1.0, 'kept': 0.5}
    """
    (zero,) = np.flatnonzero(strengths == 0) if np.count_nonzero(strengths == 0) == 1 else (None,)
    if zero is None:
        raise ValueError("one of the strengths must be 0")
    rows = ~has[:, zero]
    if not rows.any():
        raise ValueError("every sample has the attribute, so none can gain it")
    changed = has[rows, zero:].mean(0)
    kept = (identities[rows, zero:] == identities[rows, zero, None]).mean(0)
    reached = np.flatnonzero(changed >= 0.5)
    if not len(reached):
        return {"changed": float(changed[-1]), "half": float("nan"), "kept": float("nan")}
    after = reached[0]
    share = (0.5 - changed[after - 1]) / (changed[after] - changed[after - 1])
    places = strengths[zero:]

    def between(values: np.ndarray) -> float:
        return float(values[after - 1] + share * (values[after] - values[after - 1]))

    return {"changed": float(changed[-1]), "half": between(places), "kept": between(kept)}
