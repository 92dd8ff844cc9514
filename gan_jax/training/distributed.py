"""Connecting the processes of a run on several hosts, or in several processes on one host."""

import os

from gan_jax.common.errors import UsageError

_VARIABLES = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID")


def join() -> None:
    """Connects to the other processes with `jax.distributed`, if this process was started as one of several.

    Under Slurm, Open MPI, Kubernetes or on a TPU pod, set GAN_JAX_DISTRIBUTED=1, and JAX finds the other processes.
    Otherwise set JAX_COORDINATOR_ADDRESS (host:port of the first process), JAX_NUM_PROCESSES and JAX_PROCESS_ID.
    Without any of these variables it does nothing. Raises UsageError if only some of the latter three are set.
    """
    import jax

    given = {name: os.environ[name] for name in _VARIABLES if os.environ.get(name)}
    if not given:
        if os.environ.get("GAN_JAX_DISTRIBUTED") == "1":
            jax.distributed.initialize()
        return
    if missing := [name for name in _VARIABLES if name not in given]:
        raise UsageError(f"{', '.join(given)} is set, so {', '.join(missing)} must be too")
    try:
        processes, process = (int(given[name]) for name in _VARIABLES[1:])
    except ValueError as error:
        raise UsageError(f"JAX_NUM_PROCESSES and JAX_PROCESS_ID must be whole numbers: {error}") from None
    jax.distributed.initialize(given["JAX_COORDINATOR_ADDRESS"], processes, process)
