"""What to lower when the memory of a device or of the host is not enough."""

import re

_TRAIN = (
    "lower --batch-size, --resolution or the width of the networks, or give --precision bfloat16 or, on GPU and TPU, "
    "--remat"
)

_ADVICE = {
    "train": _TRAIN,
    "sweep": f"train fewer members at once (--seeds, --vary), or {_TRAIN}",
    "sample": "lower --count",
}


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that memory could not be allocated: by jax on any device, by NumPy, or by Python."""
    if isinstance(error, MemoryError):
        return True
    # All errors of XLA are of one class, a RuntimeError. It is not imported here, because that imports jax.
    said = str(error)
    return isinstance(error, RuntimeError) and ("RESOURCE_EXHAUSTED" in said or "out of memory" in said.lower())


def advise(command: str, error: BaseException) -> str:
    """Returns one line: how much could not be allocated, if `error` says so, and what to lower for this command."""
    found = re.search(r"allocat\w* (\d[\d.]*)\s?(\w*)", str(error))
    wanted = f" ({_readable(found[1], found[2])} could not be allocated)" if found else ""
    return f"there is not enough memory{wanted}: {_ADVICE.get(command, 'use a device with more of it')}"


def _readable(amount: str, unit: str) -> str:
    """Returns an amount with its unit, such as GiB. An amount in bytes gets the unit that suits it."""
    if unit not in ("", "bytes"):
        return f"{amount} {unit}"
    size = float(amount)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:,.1f} TiB"
