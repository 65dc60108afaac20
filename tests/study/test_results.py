"""Results as arrays, tables, plots and files, and studies written in Python."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest
from PIL import Image

import gradbook
from gradbook.study import StudyError, export, plots, report, results
from gradbook.study.results import Results
from gradbook.study.runner import Runner
from gradbook.study.schema import METRICS, ArmRow, StudyRow, TrialState
from gradbook.study.store import Store
from gradbook.study.training import Diverged, Epoch

EPOCHS = 4


def loss(arm: int, seed: int, epoch: int) -> float:
    return 1 / (epoch + arm) + 0.01 * seed


def put(store: Store, *, arms: list[dict[str, Any]], seeds: tuple[int, ...], fate: str = "done") -> Results:
    """A study whose numbers follow a rule, so that what is read can be told to be in its place."""
    varied = {name: [arm[name] for arm in arms] for name in arms[0]}
    spec = {"name": "made", "seeds": list(seeds), "vary": varied, "data": {"source": "digits"}}
    sizes = {"train": 9, "validation": 3, "test": 3}
    row = StudyRow(
        "made", spec, "/", {"fingerprint": "f", "sizes": sizes}, {"decay": "coupled"}, None, {}, 0.0
    )
    rows = [ArmRow(i, f"k{i}", ", ".join(f"{k}={v}" for k, v in a.items()), a) for i, a in enumerate(arms)]
    store.put(row, {r.configuration: {"training": {"epochs": EPOCHS}} for r in rows}, rows, EPOCHS)
    while taken := store.claim("made", "me"):
        (trial,) = taken
        arm, seed = int(trial.configuration[1:]), seeds.index(trial.seed)
        store.begin([trial.key], "me", [{"initial_weights": f"w{trial.seed}"}])
        for epoch in range(1, EPOCHS + 1):
            value = loss(arm, seed, epoch)
            if fate == "diverge" and arm == 0 and epoch == 3:
                store.commit_epoch("me", [(trial.key, Diverged(3, "loss is nan"))], None, {})
                break
            told = Epoch(
                epoch, value, 1 - value, value, 1 - value, 2 * value, 0.9 - value, value, 1, 9, 0.1, 0, 1
            )
            final = {trial.key: "d"} if epoch == EPOCHS else {}
            store.commit_epoch("me", [(trial.key, told)], None, final)
    return results.read(store, "made")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path}/s.db", tmp_path)
    yield made
    made.close()


DECAYS: list[dict[str, Any]] = [{"weight_decay": 0.05}, {"weight_decay": 0.0005}, {"weight_decay": 0.0}]


def test_curves_are_arms_by_seeds_by_epochs(store: Store) -> None:
    found = put(store, arms=DECAYS, seeds=(4, 2))
    assert found.seeds == (4, 2)
    assert set(found.curves) == set(METRICS)
    for arm in range(3):
        for seed in range(2):
            expected = [loss(arm, seed, epoch) for epoch in range(1, EPOCHS + 1)]
            assert found.curves["train_loss"][arm, seed].tolist() == expected
            assert found.final("test_loss")[arm, seed] == 2 * expected[-1]
    assert found.pairing() == (True, True)
    assert found.over


def test_the_best_arm_is_chosen_on_validation(store: Store) -> None:
    found = put(store, arms=DECAYS, seeds=(0, 1))
    assert found.best().values == {"weight_decay": 0.0}  # the smallest loss is that of the last arm


def test_what_diverged_is_missing_and_never_the_best(store: Store) -> None:
    found = put(store, arms=DECAYS[:2][::-1], seeds=(0, 1), fate="diverge")
    assert found.trials[0, 0].state is TrialState.DIVERGED
    assert np.isnan(found.curves["train_loss"][0, :, 2:]).all()
    assert np.isnan(found.final("train_loss")[0]).all()
    assert found.best().values == {"weight_decay": 0.05}
    told = "\n".join(report.lines(found))
    assert "DIVERGED weight_decay=0.0005, seed 1: loss is nan" in told
    assert "2 of 4 trials done" in told
    assert not report.failed(found)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_exported_rows_are_the_records(store: Store, tmp_path: Path, suffix: str) -> None:
    found = put(store, arms=DECAYS, seeds=(4, 2))
    path = tmp_path / f"all{suffix}"
    assert export.to_file(found, path) == 3 * 2 * EPOCHS
    read = pyarrow.csv.read_csv(path) if suffix == ".csv" else pyarrow.parquet.read_table(path)
    rows = read.to_pylist()
    assert rows[5]["weight_decay"] == 0.05
    assert rows[5]["seed"] == 2
    assert rows[5]["epoch"] == 2
    assert rows[5]["train_loss"] == loss(0, 1, 2)
    assert {row["state"] for row in rows} == {"DONE"}


def test_a_name_that_is_no_table_is_told(store: Store, tmp_path: Path) -> None:
    found = put(store, arms=DECAYS, seeds=(0,))
    with pytest.raises(StudyError, match=r"ends in \.csv or \.parquet"):
        export.to_file(found, tmp_path / "all.xlsx")
    with pytest.raises(StudyError, match="cannot be written"):
        export.to_file(found, tmp_path / "gone" / "all.csv")


def test_event_files_hold_every_scalar(store: Store, tmp_path: Path) -> None:
    from tensorboardX.proto import event_pb2

    found = put(store, arms=DECAYS, seeds=(0,))
    for _ in range(2):  # written again, not doubled
        export.to_tensorboard(found, tmp_path / "events")
    (path,) = (tmp_path / "events" / "made" / "weight_decay=0.0005").rglob("events.out.tfevents.*")
    held, place, scalars = path.read_bytes(), 0, dict[tuple[str, int], float]()
    while place < len(held):  # length, its checksum, the event, its checksum
        size = int.from_bytes(held[place : place + 8], "little")
        event: Any = event_pb2.Event.FromString(  # pyright: ignore[reportAttributeAccessIssue] - made by protobuf
            held[place + 12 : place + 12 + size]
        )
        for value in event.summary.value:
            scalars[value.tag, event.step] = value.simple_value
        place += 16 + size
    for epoch in range(1, EPOCHS + 1):
        assert scalars["test/loss", epoch] == pytest.approx(2 * loss(1, 0, epoch))
    assert len(scalars) == EPOCHS * len(METRICS)


@pytest.mark.parametrize(
    ("arms", "seeds", "fate"),
    [
        (DECAYS[:1], (0,), "done"),
        (DECAYS[:2], (0, 1), "diverge"),
        (
            [{"learning_rate": r, "weight_decay": d} for r in (0.1, 0.01) for d in (0.1, 0.001)],
            (0, 1),
            "done",
        ),
        ([{"weight_decay": 10.0**-n} for n in range(12)], (0, 1), "done"),
        ([{"model": {"kind": "mlp", "hidden": [h]}} for h in (4, 8)], (0,), "done"),
    ],
    ids=["one", "diverged", "cross", "many", "models"],
)
def test_plots_have_a_line_for_every_arm(
    store: Store, tmp_path: Path, arms: list[dict[str, Any]], seeds: tuple[int, ...], fate: str
) -> None:
    found = put(store, arms=arms, seeds=seeds, fate=fate)
    for path in plots.draw(found, tmp_path, ["png"]):
        with Image.open(path) as image:
            assert min(image.size) > 500
            assert len(image.convert("RGB").getcolors(10**6) or []) > 20
    for name, make in plots.figures(found).items():
        lines = [line for line in make().axes[0].get_lines() if not str(line.get_label()).startswith("_")]
        assert len(lines) == (
            len(arms) if name != "final" else len({a.get("learning_rate") for a in arms})
        ), name


@pytest.mark.parametrize(
    "arms",
    [
        [{"weight_decay": 10.0**-n} for n in range(12)],
        [{"schedule": {"kind": "step", "every": list(range(1, n))}, "weight_decay": 0.1} for n in (20, 30)],
        [{"learning_rate": r / 100, "weight_decay": d / 100} for r in range(1, 7) for d in range(6)],
    ],
    ids=["many", "long", "both"],
)
def test_legends_are_whole_and_leave_room_for_the_lines(store: Store, arms: list[dict[str, Any]]) -> None:
    import matplotlib as mpl

    with mpl.rc_context({"figure.constrained_layout.use": True, "font.size": 10}):
        for make in plots.figures(put(store, arms=arms, seeds=(0,))).values():
            figure = make()
            figure.savefig(io.BytesIO(), format="png")
            whole, height = figure.bbox, figure.axes[0].bbox.height
            for legend in figure.legends:
                box = legend.get_window_extent()
                assert whole.x0 <= box.x0 < box.x1 <= whole.x1
                assert whole.y0 <= box.y0 < box.y1 < figure.axes[0].bbox.y0
            assert height > 150


def test_plots_of_one_epoch_have_no_parts_of_an_epoch(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "EPOCHS", 1)
    for name, make in plots.figures(put(store, arms=DECAYS[:2], seeds=(0,))).items():
        axis = make().axes[0]
        assert name == "final" or list(axis.get_xticks()) == [1]


def test_seeds_that_begin_with_the_same_weights_are_told(store: Store) -> None:
    found = put(store, arms=DECAYS, seeds=(0, 1))
    assert not any("same weights" in line for line in report.lines(found))
    trials = {place: replace(trial, initial_weights="w") for place, trial in found.trials.items()}
    told = [line for line in report.lines(replace(found, trials=trials)) if "same weights" in line]
    assert told == [
        "all seeds began with the same weights: the model sets a random seed of its own, or draws none, "
        "so that they differ in the order of data and in noise only"
    ]


def test_the_same_study_is_drawn_in_the_same_bytes(store: Store, tmp_path: Path) -> None:
    found = put(store, arms=DECAYS, seeds=(0, 1))
    drawn, again = plots.draw(found, tmp_path / "a"), plots.draw(found, tmp_path / "b")
    assert {path.suffix for path in drawn} == {".png", ".svg"}
    for one, other in zip(drawn, again, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_a_study_in_python_takes_arrays_and_gives_arrays(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    y = np.arange(240) % 3
    x = generator.normal(size=(240, 5)).astype(np.float32) + y[:, None]
    found = gradbook.study(
        name="arrays",
        data=(x, y),
        model={"kind": "mlp", "hidden": [8]},
        training={"epochs": 3, "batch_size": 32},
        vary={"weight_decay": np.array([0.1, 0.0]), "batch_size": [np.int64(16)]},
        seeds=np.arange(2),
        folder=tmp_path,
        plan={"processes": 1, "threads": 1, "stacked": False},
    )
    assert found.final("test_accuracy").shape == (2, 2)
    assert found.final("train_accuracy").min() > 0.5
    assert found.study.data["sizes"] == {"train": 173, "validation": 19, "test": 48}


def test_a_class_that_workers_cannot_import_is_told(tmp_path: Path) -> None:
    class Local: ...

    with pytest.raises(StudyError, match="define it at the top of a module"):
        gradbook.study(name="x", model=Local, folder=tmp_path)


def test_a_class_that_is_in_no_file_is_told(tmp_path: Path) -> None:
    code = "import gradbook\nclass Net: ...\ngradbook.study(model=Net)"
    done = subprocess.run(
        [sys.executable, "-"], input=code, capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert "StudyError: model: Net is in no file; write it into one" in done.stderr


def test_a_study_whose_plan_was_not_recorded_yet_gets_one(tmp_path: Path) -> None:
    import sqlalchemy as sa

    def run() -> Results:
        return gradbook.study(
            data={"limit": 201},
            training={"epochs": 1},
            seeds=1,
            folder=tmp_path,
            plan={"processes": 1, "threads": 1, "stacked": False, "channels_last": False},
        )

    first = run()
    with sa.create_engine(f"sqlite:///{tmp_path / 'studies.db'}").begin() as connection:
        connection.execute(sa.text("UPDATE studies SET plan = NULL"))
        connection.execute(sa.text("UPDATE trials SET state = 'WAITING', done = 0, checkpoint_epoch = 0"))
        connection.execute(sa.text("DELETE FROM epochs"))
    store = Store(f"sqlite:///{tmp_path / 'studies.db'}", tmp_path)
    again = Runner(store).resume("study")
    store.close()
    assert again.study.plan is not None
    assert np.array_equal(first.final("test_loss"), again.final("test_loss"))


@pytest.mark.parametrize("guard", ["__name__ == '__main__'", "True"])
def test_a_script_may_define_its_model_if_it_runs_the_study_under_a_guard(tmp_path: Path, guard: str) -> None:
    (tmp_path / "script.py").write_text(
        "import gradbook\n"
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, classes):\n"
        "        super().__init__()\n"
        "        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, classes))\n"
        "    def forward(self, x):\n"
        "        return self.body(x)\n"
        f"if {guard}:\n"
        "    found = gradbook.study(name='s', model=Net, data={'limit': 201}, seeds=1,\n"
        "        training={'epochs': 1}, vary={'weight_decay': [0.0]},\n"
        "        plan={'processes': 1, 'threads': 1, 'stacked': False})\n"
        "    print(found.final('test_accuracy').shape)\n"
    )
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    if guard == "True":
        assert "StudyError: this script runs a study while a worker imports its model" in done.stderr
    else:
        assert done.stdout == "(1, 1)\n", done.stderr
