"""The same study under Ray Tune: each trial is the plain loop, and Ray places them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from ray import init, tune


def main() -> None:
    """Train every value with every seed, on as many processes as there are cores."""
    asked = json.loads(sys.argv[1])
    here = str(Path(__file__).parent)

    def trial(config: dict[str, Any]) -> None:
        sys.path.insert(0, here)
        import _plain_study
        import torch

        torch.set_num_threads(1)
        data = _plain_study.load(asked["data"])
        for epoch in _plain_study.train(asked, data, config["weight_decay"], config["seed"]):
            tune.report({"test_loss": epoch[-1][0], "test_accuracy": epoch[-1][1]})

    init(num_cpus=os.cpu_count(), include_dashboard=False, log_to_driver=False, logging_level="error")
    space = {
        "weight_decay": tune.grid_search(asked["values"]),
        "seed": tune.grid_search(list(range(asked["seeds"]))),
    }
    tune.Tuner(trial, param_space=space, run_config=tune.RunConfig(verbose=0)).fit()


if __name__ == "__main__":
    main()
