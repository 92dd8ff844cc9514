"""Images that worker processes read. They import this module, and cannot import a test's: other packages may be called
`tests` too."""

import multiprocessing
import os
import sys

import numpy as np


class Computed:
    """Random access to images whose pixels are the index."""

    shape = (50, 2, 2, 1)

    def __len__(self):
        return 50

    def __getitem__(self, index):
        return np.full((2, 2, 1), index, np.uint8)


class Witness(Computed):
    """Its pixels are 1 if they are made in a worker that uses no accelerator."""

    def __getitem__(self, index):
        apart = multiprocessing.parent_process() is not None
        jax = sys.modules.get("jax")
        cpu_only = jax is None or jax.config.jax_platforms == "cpu"
        return np.full((2, 2, 1), apart and cpu_only, np.uint8)


class Fatal(Computed):
    """Kills the process that reads it."""

    def __getitem__(self, index):
        os._exit(9)
