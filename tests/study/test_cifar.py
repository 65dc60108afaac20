"""The study of CIFAR-10 in ``examples/``, on a small part of the data, where the data are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from gradbook.study import runner, spec
from gradbook.study.plan import Wishes
from gradbook.study.schema import TrialState
from gradbook.study.store import locate

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "cifar10"


@pytest.mark.skipif(not DATA.exists(), reason="../shared/data/cifar10 is not here")
def test_the_cifar_example_trains_on_a_part_of_the_data(tmp_path: Path) -> None:
    tables, place = spec.load(ROOT / "examples" / "decay-cifar10.toml")
    part = tmp_path / "part"
    part.mkdir()
    for name, count in (("train", 660), ("test", 120)):
        with pyarrow.parquet.ParquetFile(DATA / f"{name}.parquet") as file:
            rows = pa.Table.from_batches([next(file.iter_batches(count))])
        pyarrow.parquet.write_table(rows, part / f"{name}.parquet")
    tables["data"] = {"source": str(part)}
    tables["training"] |= {"epochs": 2, "batch_size": 32, "learning_rate": 0.02}
    tables["seeds"] = 1
    store = locate(None, tmp_path)
    wishes = Wishes(processes=2, threads=1, channels_last=True, stacked=False)
    found = runner.Runner(store, wishes=wishes).run(tables, place, tmp_path)
    store.close()
    assert found.study.data["sizes"] == {"train": 594, "validation": 66, "test": 120}
    assert found.study.data["classes"][:2] == ["airplane", "automobile"]
    assert found.count(TrialState.DONE) == 3
    # Two epochs are enough to be better than the best constant guess, log 10, by training loss.
    assert np.nanmin(found.final("train_loss")) < np.log(10) - 0.02
    assert set(np.ravel(found.curves["rate_times_decay"])) == {0.02 * d for d in (5e-2, 5e-4, 5e-6)}
