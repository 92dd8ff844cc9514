"""How programs are compiled in tests: quickly, since compiling is what takes the time there.

Without LLVM's optimizations, and with XLA's older emitters of loops where they can be chosen, a training step of a
small network compiles in a quarter of the time. What it computes is the same to rounding.
"""

import importlib.metadata

QUICKLY = "--xla_backend_optimization_level=0"
AS_USERS_DO: dict[str, int | bool] = {"xla_backend_optimization_level": 3}  # the same as options of one program
if tuple(map(int, importlib.metadata.version("jaxlib").split(".")[:2])) < (0, 11):  # later ones do not know it
    QUICKLY += " --xla_cpu_use_fusion_emitters=false"
    AS_USERS_DO["xla_cpu_use_fusion_emitters"] = True
