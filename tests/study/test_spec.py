"""Reading studies, and what is said of those that are wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from gradbook.study import spec
from gradbook.study.problem import StudyError

WHOLE = """
name = "whole"
seeds = [3, 1, 4]

[data]
source = "digits"
validation = 0.2
augment = ["crop", "flip"]

[model]
kind = "cnn"
channels = [8, "pool", 16]

[training]
epochs = 3
optimizer = "adam"
schedule = { kind = "step", every = 2 }
no_decay = ["bias", "norm"]

[vary]
learning_rate = [1e-2, 1e-3]
weight_decay = [0, 5e-4]
dropout = [0.0, 0.5]
"""


def error(text: str) -> str:
    with pytest.raises(StudyError) as caught:
        spec.read(tomllib.loads(text), spec.Place("decay.toml", text))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_grid_has_every_combination_in_the_order_written() -> None:
    study = spec.read(tomllib.loads(WHOLE))
    arms = study.arms()
    assert [arm.position for arm in arms] == list(range(8))
    assert arms[1].label == "learning_rate=0.01, weight_decay=0, model.dropout=0.5"
    assert arms[6].settings.training.weight_decay == 5e-4
    assert arms[6].settings.training.learning_rate == 1e-3
    assert arms[7].settings.model.arguments == {"channels": [8, "pool", 16], "dropout": 0.5}
    assert study.seeds == (3, 1, 4)
    assert study.underpowered


def test_a_cross_of_two_is_one_line() -> None:
    study = spec.read(
        tomllib.loads('name = "x"\nvary = { learning_rate = [0.1, 0.01], weight_decay = [5e-4, 5e-6] }')
    )
    assert [arm.label for arm in study.arms()] == [
        "learning_rate=0.1, weight_decay=0.0005",
        "learning_rate=0.1, weight_decay=5e-06",
        "learning_rate=0.01, weight_decay=0.0005",
        "learning_rate=0.01, weight_decay=5e-06",
    ]


def test_what_is_not_varied_is_recorded_as_held_equal() -> None:
    held = spec.read(tomllib.loads(WHOLE)).held()
    assert held["optimizer"] == "adam"
    assert held["no_decay"] == ["bias", "norm"]
    assert held["decay"] == "coupled"
    assert held["model.channels"] == [8, "pool", 16]
    assert not {"learning_rate", "weight_decay", "model.dropout"} & set(held)


def test_what_is_recorded_reads_back_as_the_same_study() -> None:
    study = spec.read(tomllib.loads(WHOLE))
    assert spec.read(study.to_json()) == study
    for arm in study.arms():
        assert spec.settings(arm.settings.to_json()) == arm.settings


def test_six_seeds_are_the_default() -> None:
    study = spec.read({"name": "x"})
    assert study.seeds == (0, 1, 2, 3, 4, 5)
    assert not study.underpowered
    assert [arm.label for arm in study.arms()] == ["base"]


def test_models_vary_as_a_whole_and_by_their_arguments() -> None:
    study = spec.read(
        {"name": "x", "vary": {"model": ["mlp", {"kind": "mlp", "hidden": [8]}], "weight_decay": [0.0, 0.1]}}
    )
    assert [dict(arm.settings.model.arguments) for arm in study.arms()] == [
        {},
        {},
        {"hidden": [8]},
        {"hidden": [8]},
    ]
    study = spec.read({"name": "x", "vary": {"model": {"hidden": [[8], [8, 8]]}}})
    assert [arm.label for arm in study.arms()] == ["model.hidden=[8]", "model.hidden=[8, 8]"]


@pytest.mark.parametrize(
    "change",
    [
        {"training": {"weight_decay": 1e-4}},
        {"training": {"epochs": 7}},
        {"training": {"precision": "bf16"}},
        {"model": {"hidden": [3]}},
        {"data": {"augment": ["flip"]}},
    ],
)
def test_the_key_changes_with_anything_that_decides_a_trial(change: dict[str, Any]) -> None:
    plain, other = (spec.read({"name": "x", **c}).settings for c in ({}, change))
    assert plain.key("data") != other.key("data")
    assert plain.key("data") != plain.key("other data")
    assert plain.key("data") == spec.settings(plain.to_json()).key("data")


def test_decay_of_adamw_is_the_decoupled_decay_of_adam() -> None:
    assert spec.Training(optimizer="adamw").decoupled
    assert not spec.Training(optimizer="adam").decoupled
    assert spec.Training(optimizer="sgd", decay="decoupled").decoupled


def test_base_gives_what_the_file_leaves_out() -> None:
    base = spec.read({"name": "b", "model": {"hidden": [9]}, "training": {"learning_rate": 0.3}}).settings
    study = spec.read({"name": "x", "training": {"epochs": 2}}, base=base)
    assert study.settings.training.learning_rate == 0.3
    assert study.settings.training.epochs == 2
    assert study.settings.model.arguments == {"hidden": [9]}
    other = spec.read({"name": "x", "model": {"kind": "cnn"}}, base=base)
    assert other.settings.model.arguments == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('name = "a b"', "decay.toml:1: name: expected letters, digits, - or _, found 'a b'"),
        (
            'name = "x"\nweight_decay = 1',
            "decay.toml:2: weight_decay: expected one of name, seeds, base, data, model, training, vary; "
            "did you mean weight_decay?",
        ),
        (
            'name = "x"\n[training]\nlerning_rate = 1',
            "decay.toml:3: [training] lerning_rate: no such setting; did you mean learning_rate?",
        ),
        (
            'name = "x"\n[training]\n\nlearning_rate = "fast"',
            "decay.toml:4: [training] learning_rate: expected a number above 0, found 'fast'",
        ),
        (
            'name = "x"\n[training]\nlearning_rate = nan',
            "decay.toml:3: [training] learning_rate: expected a number above 0, found nan",
        ),
        (
            'name = "x"\n[training]\nepochs = true',
            "decay.toml:3: [training] epochs: expected a whole number from 1, found True",
        ),
        (
            'name = "x"\n[model]\nkind = "transformer"',
            "decay.toml:3: [model] kind: expected mlp, cnn, resnet or package.module:Class, found 'transformer'",
        ),
        (
            'name = "x"\n[model]\nchannels = [3]',
            "decay.toml:3: [model] channels: mlp has no such argument",
        ),
        (
            'name = "x"\n[vary]\nweight_decay = 5e-4',
            "decay.toml:3: [vary] weight_decay: expected a list of values, found 0.0005",
        ),
        (
            'name = "x"\n[vary]\nweight_decay = []',
            "decay.toml:3: [vary] weight_decay: expected a list of values, found []",
        ),
        (
            'name = "x"\n[vary]\nweight_decay = [0.1, 0.1]',
            "decay.toml:2: [vary]: two combinations are the same configuration; list each value once",
        ),
        (
            'name = "x"\n[vary]\nvalidation = [0.1, 0.2]',
            "decay.toml:3: [vary] validation: data are the same in all trials; make a study for each",
        ),
        (
            'name = "x"\nseeds = [1, 1]',
            "decay.toml:2: seeds: expected how many, or a list of different numbers, found [1, 1]",
        ),
        (
            'name = "x"\n[training]\noptimizer = "adamw"\ndecay = "coupled"',
            'decay.toml:4: [training] decay: adamw is adam with decoupled decay; say "adam"',
        ),
        (
            'name = "x"\n[training]\nnesterov = true\nmomentum = 0',
            "decay.toml:3: [training] nesterov: needs sgd with momentum above 0",
        ),
        (
            'name = "x"\n[training]\nschedule = { kind = "cosine", every = 2 }',
            "decay.toml:3: [training] schedule: expected for cosine only final, "
            "found {'kind': 'cosine', 'every': 2}",
        ),
        (
            'name = "x"\n[vary]\nmodel = ["mlp", "cnn"]\nhidden = [[2], [3]]\nchannels = [[2]]',
            "decay.toml:5: [vary] channels: nothing of this name can vary",
        ),
        (
            'name = "x"\n[vary]\nweight_decay = [0.1]\ntraining.weight_decay = [0.2]',
            "decay.toml:4: [vary] training: weight_decay is listed twice; put all its values into one list",
        ),
        (
            'name = "x"\n[vary]\nlearning_rate = [0.12345671, 0.12345672]',
            "decay.toml:2: [vary]: two combinations are both written learning_rate=0.123457; take values",
        ),
        ('name = "Studies.db"', "decay.toml:1: name: 'Studies.db' is what Gradbook keeps beside studies"),
        ('name = "x"\n[base]\ntrial = "best"', "decay.toml:2: [base] study: expected the name of an earlier"),
        (
            'name = "x"\nseeds = 1000\n[vary]\nlearning_rate = [' + ",".join(map(str, range(1, 200))) + "]",
            "decay.toml:3: [vary]: expected at most 100000 trials, found 199000; vary less",
        ),
    ],
)
def test_errors_name_the_line_what_was_expected_and_what_was_found(text: str, told: str) -> None:
    assert error(text).startswith(told)


def test_files_that_are_not_there_or_not_toml(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="found nothing of this name"):
        spec.load(tmp_path / "gone.toml")
    (tmp_path / "bad.toml").write_text("name = ")
    with pytest.raises(StudyError, match="this is not TOML"):
        spec.load(tmp_path / "bad.toml")
    (tmp_path / "unnamed.toml").write_text("")
    assert spec.load(tmp_path / "unnamed.toml")[0] == {"name": "unnamed"}


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[2] / "examples").glob("*.toml")), ids=lambda p: p.name
)
def test_examples_are_studies(path: Path) -> None:
    tables, place = spec.load(path)
    assert spec.read(tables, place).name == path.stem
