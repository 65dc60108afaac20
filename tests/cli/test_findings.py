"""``gradbook study findings``: text and JSON, of studies that were put there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gradbook.cli import main
from gradbook.study.schema import ArmRow, StudyRow
from gradbook.study.store import Store, locate
from gradbook.study.training import Epoch

EPOCHS, SEEDS = 8, 3


def put(store: Store, *, whole: bool) -> None:
    """A study of three arms, of which the last is flat at chance."""
    values = [{"weight_decay": value} for value in (5e-6, 5e-4, 5e-2)]
    spec = {"seeds": list(range(SEEDS)), "vary": {"weight_decay": [5e-6, 5e-4, 5e-2]}}
    data = {
        "fingerprint": "f",
        "classes": ["a", "b"],
        "sizes": dict.fromkeys(("train", "validation", "test"), 1000),
        "shares": {part: [0.5, 0.5] for part in ("train", "validation", "test")},
    }
    rows = [ArmRow(i, f"k{i}", f"weight_decay={v['weight_decay']:g}", v) for i, v in enumerate(values)]
    study = StudyRow("made", spec, "/", data, {}, None, {}, 0.0)
    store.put(study, {row.configuration: {} for row in rows}, rows, EPOCHS)
    generator = np.random.default_rng(0)
    while taken := store.claim("made", "me"):
        (trial,) = taken
        arm = int(trial.configuration[1:])
        store.begin([trial.key], "me", [{"initial_weights": "w"}])
        for epoch in range(1, EPOCHS + 1):
            noise = generator.normal(0, 0.0005, 6)
            loss = np.log(2) if arm == 2 else 0.6 / epoch + 0.2 * arm
            accuracy = 0.5 if arm == 2 else 0.9 - 0.1 * arm
            told = np.array([loss, accuracy] * 3) + noise
            train_loss, train, validation_loss, validation, test_loss, test = told.tolist()
            row = Epoch(
                epoch,
                train_loss,
                train,
                validation_loss,
                validation,
                test_loss,
                test,
                loss,
                1,
                9 - arm,
                0.1,
                0,
                1,
            )
            store.commit_epoch("me", [(trial.key, row)], None, {trial.key: "d"} if epoch == EPOCHS else {})
        if not whole:
            return


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def filled(folder: Path, *, whole: bool = True) -> None:
    store = locate(None, folder / "studies", make=True)
    put(store, whole=whole)
    store.close()


def test_text_says_first_what_matters_and_does_not_fold(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(folder)
    assert main(["study", "findings", "made"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "made: 3 seeds; equal means to within 0.01 in accuracy, 0.05 in loss"
    assert lines[1].startswith("underpowered")
    assert lines[3] == "Shown"
    assert lines[4].startswith("  weight decay 0.05 does not learn (p")
    assert any(line.startswith("  weight decay 5e-06 is best in test accuracy") for line in lines)
    assert "\x1b" not in "".join(lines)
    assert max(map(len, lines)) > 100


def test_json_has_the_statements_and_the_declared_margins(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(folder)
    assert main(["study", "findings", "made", "--format", "json", "--margin", "loss 0.2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["version"], told["study"], told["seeds"]) == (1, "made", [0, 1, 2])
    assert told["margins"] == {"accuracy": 0.01, "loss": 0.2, "share": 0.05}
    first = told["findings"][0]
    assert first["statements"] == [{"kind": "Denied", "statement": {"kind": "Learns", "arm": 2}}]
    assert first["outcome"] == "SUPPORTED"
    assert 0 <= first["p"] <= 0.05


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["gone"], "no study is called 'gone' here; known: made"),
        (["made", "--margin", "accuracy"], "--margin: expected margins such as"),
        (["made", "--margin", "loss -1"], "each above 0, found 'loss -1'"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    filled(folder)
    assert main(["study", "findings", *arguments]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_an_unfinished_study_is_not_judged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(folder, whole=False)
    assert main(["study", "findings", "made"]) == 2
    assert (
        "made is not finished (1 of 9 trials); go on with: gradbook study resume made"
        in capsys.readouterr().err
    )
