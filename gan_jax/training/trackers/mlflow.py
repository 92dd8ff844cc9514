"""MLflow. `pip install 'gan-jax[mlflow]'` brings its package."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from gan_jax.training.trackers.tracker import Run


class MLflow:
    """Logs a run to the MLflow server, or the database, that MLFLOW_TRACKING_URI names, by default ./mlflow.db.

    MLFLOW_EXPERIMENT_NAME is its experiment, gan-jax by default. A run that resumes goes on as the run whose id it
    keeps in RUN/mlflow/id. Steps that it repeats after the last checkpoint are logged again, and have two points with
    the same numbers. MLflow does not let parameters change, so they are the settings with which the run began.
    """

    def __init__(self, run: Run):
        import mlflow

        # They say what they create, and each try to connect. An error is raised as well.
        for name in ("mlflow", "alembic", "urllib3"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._mlflow = mlflow
        mlflow.set_experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME", "gan-jax"))
        kept = run.folder / "mlflow" / "id"
        if kept.exists():
            mlflow.start_run(run_id=kept.read_text().strip())
        else:
            started = mlflow.start_run(run_name=run.name)
            kept.parent.mkdir(exist_ok=True)
            kept.write_text(started.info.run_id)
            mlflow.log_params(dict(run.config))

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        self._mlflow.log_metrics(dict(numbers), step=step)

    def picture(self, step: int, path: Path) -> None:
        self._mlflow.log_artifact(str(path), "samples")

    def close(self) -> None:
        self._mlflow.end_run()
