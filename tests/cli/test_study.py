"""``gradbook study`` from end to end, as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gradbook.cli import main
from gradbook.study import results
from gradbook.study.schema import TrialState
from gradbook.study.store import Store, locate

TINY = """
name = "tiny"
seeds = 2
[data]
limit = 201
[model]
hidden = [16]
[training]
epochs = {epochs}
batch_size = 16
[vary]
weight_decay = [5e-2, 5e-4]
"""

PLAN = ("--processes", "2", "--threads", "1", "--no-stack")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def study(*arguments: str, cwd: Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "gradbook", "study", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == status, done.stderr + done.stdout
    return done


def begun(folder: Path, *arguments: str, epochs: int) -> tuple[subprocess.Popen[bytes], Store]:
    """A process that works on a long study, and has just recorded another epoch."""
    (folder / "tiny.toml").write_text(TINY.format(epochs=epochs))
    process = subprocess.Popen(
        [sys.executable, "-m", "gradbook", "study", *arguments, *PLAN],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
    )
    store = locate(None, folder / "studies")
    until = time.monotonic() + 60
    before = sum(trial.done for trial in store.trials("tiny"))
    while sum(t.done for t in store.trials("tiny")) <= before and time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return process, store


def workers_of(folder: Path) -> list[int]:
    """The processes that work in a folder, by the files that they have open."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                opened = {os.readlink(link) for link in (entry / "fd").iterdir()}
                if any(path.startswith(str(folder / "studies")) for path in opened):
                    found.append(int(entry.name))
        except OSError:
            continue
    return found


def assert_nobody_works(folder: Path) -> None:
    until = time.monotonic() + 20
    while workers_of(folder) and time.monotonic() < until:
        time.sleep(0.05)
    assert workers_of(folder) == []


def test_a_study_is_run_shown_drawn_exported_and_removed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*arguments: str) -> str:
        assert main(["study", *arguments]) == 0
        return capsys.readouterr().out

    (folder / "tiny.toml").write_text(TINY.format(epochs=3))
    first = study("tiny.toml", *PLAN, "--tensorboard", "events", cwd=folder)
    assert first.stderr == ""  # quiet when piped
    assert first.stdout.startswith("tiny: 4 of 4 trials done, 2 seeds each\nunderpowered")
    assert sorted(path.name for path in (folder / "studies" / "tiny").iterdir()) == [
        f"{name}.{kind}"
        for name in ("accuracy", "final", "gap", "loss", "weight-norm")
        for kind in ("png", "svg")
    ]
    assert len(list((folder / "events").rglob("events.out.tfevents.*"))) == 4
    # What is done is not done again: there is no training process, so this is quick.
    assert said("tiny.toml", "--no-plots").splitlines() == first.stdout.splitlines()[:6]
    assert said("list").split() == "tiny 4 of 4 trials done weight_decay".split()
    shown = said("show", "tiny")
    assert "began with the same weights and saw the same order of data" in shown
    assert "weight decay: coupled (L2 in the gradient)" in shown
    assert "  learning_rate = 0.05" in shown
    assert "2 processes of 1 thread, cpu" in shown
    assert said("export", "tiny", "--to", "all.csv") == "all.csv: 12 rows\n"
    assert said("rm", "tiny") == "removed tiny\n"
    assert list((folder / "studies" / "checkpoints").iterdir()) == []
    assert said("list") == ""
    assert main(["study", "show", "tiny"]) == 2
    assert "no study is called 'tiny' here; known: none yet" in capsys.readouterr().err


def test_dry_run_tells_the_plan_and_leaves_nothing(folder: Path) -> None:
    (folder / "tiny.toml").write_text(TINY.format(epochs=3000))
    told = study("tiny.toml", "--dry-run", cwd=folder).stdout
    assert told.startswith("tiny: 2 settings × 2 seeds = 4 trials\n  weight_decay=0.05\n")
    assert "data: digits, 1 × 8 × 8, 10 classes (181 train, 20 validation, 50 test)" in told
    assert "parameters" in told
    assert "estimate: " in told
    assert "(chosen)" in told
    assert study("list", cwd=folder).stdout == ""


def test_a_study_that_was_stopped_goes_on_where_it_was(folder: Path) -> None:
    """Stopped by Ctrl-C, then killed, then run to its end: to the same bits as one that never was."""
    process, store = begun(folder, "tiny.toml", epochs=40)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"go on with: gradbook study resume tiny" in told
    assert_nobody_works(folder)
    process, _ = begun(folder, "resume", "tiny", epochs=40)
    process.kill()
    process.communicate(timeout=60)
    assert_nobody_works(folder)  # the owner had no time to say anything
    assert 0 < sum(trial.done for trial in store.trials("tiny")) < 160
    assert "4 of 4 trials done" in study("resume", "tiny", "--no-plots", cwd=folder).stdout
    whole = folder / "whole"
    whole.mkdir()
    (whole / "tiny.toml").write_text(TINY.format(epochs=40))
    study("tiny.toml", *PLAN, "--no-plots", cwd=whole)
    other = locate(None, whole / "studies")
    assert [row[:-1] for row in store.epochs("tiny")] == [row[:-1] for row in other.epochs("tiny")]
    assert [t.final_weights for t in store.trials("tiny")] == [t.final_weights for t in other.trials("tiny")]


def test_trials_that_raise_die_or_explode_are_told_and_the_others_go_on(folder: Path) -> None:
    (folder / "mine.py").write_text(
        "import os, signal, torch\n"
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, shape, classes, fate):\n"
        "        super().__init__()\n"
        "        self.body, self.fate = nn.Linear(64, classes), fate\n"
        "    def forward(self, x):\n"
        "        if self.training and self.fate == 'raise' and not os.path.exists('mended'):\n"
        "            raise RuntimeError('no more')\n"
        "        if self.training and self.fate == 'die':\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "        scores = self.body(x.flatten(1))\n"
        "        return scores * float('inf') if self.fate == 'explode' else scores\n"
    )
    (folder / "fates.toml").write_text(
        'name = "fates"\nseeds = 1\n[data]\nlimit = 201\n[model]\nkind = "mine:Net"\nfate = "live"\n'
        '[training]\nepochs = 2\n[vary]\nmodel.fate = ["raise", "live", "die", "explode"]\n'
    )
    told = study("fates.toml", *PLAN, "--no-plots", cwd=folder, status=1).stdout
    found = results.read(locate(None, folder / "studies"), "fates")
    states = {found.arms[arm].values["model.fate"]: trial for (arm, _), trial in found.trials.items()}
    assert {fate: trial.state for fate, trial in states.items()} == {
        "live": TrialState.DONE,
        "raise": TrialState.FAILED,
        "die": TrialState.FAILED,
        "explode": TrialState.DIVERGED,
    }
    assert "RuntimeError: no more" in (states["raise"].cause or "")
    assert "FAILED model.fate=raise, seed 0: RuntimeError: no more" in told
    assert "died 3 times" in told
    assert "DIVERGED model.fate=explode, seed 0: running loss is nan in epoch 1" in told
    (folder / "mended").touch()
    again = study("resume", "fates", "--no-plots", cwd=folder, status=1)
    assert "2 failed trials will be tried again" in again.stderr
    assert "2 of 4 trials done" in again.stdout
    # When the file is another one, so are the models in it: nothing is mixed, and run as a study, all is done anew.
    (folder / "mine.py").write_text((folder / "mine.py").read_text() + "# mended\n")
    refused = study("resume", "fates", "--no-plots", cwd=folder, status=2)
    assert "fates: its model or its data are no longer those that it began with" in refused.stderr
    assert study("show", "fates", cwd=folder, status=1).stdout.startswith("fates: 2 of 4 trials done")
    anew = study("fates.toml", "--threads", "2", "--no-plots", cwd=folder, status=1)
    assert "the plan stays" not in anew.stderr
    assert {t.state for t in locate(None, folder / "studies").trials("fates")} >= {TrialState.DONE}
    other = results.read(locate(None, folder / "studies"), "fates")
    assert {a.configuration for a in other.arms}.isdisjoint(a.configuration for a in found.arms)


def test_the_best_trial_of_a_study_is_the_base_of_the_next(folder: Path) -> None:
    (folder / "choose.toml").write_text(
        'name = "choose"\nseeds = 1\n[data]\nlimit = 201\n[training]\nepochs = 2\nbatch_size = 16\n'
        "[vary]\nmodel.hidden = [[2], [48]]\n"
    )
    (folder / "decay.toml").write_text(
        'name = "decay"\nseeds = 1\n[base]\nstudy = "choose.toml"\ntrial = "best"\n[training]\nepochs = 1\n'
        "[vary]\nweight_decay = [0.1, 0.0]\n"
    )
    early = study("decay.toml", cwd=folder, status=2)
    assert early.stderr == (
        "gradbook study: error: decay.toml:4: [base] study: no study is called 'choose' here yet; "
        "run it first: gradbook study choose.toml\n"
    )
    study("choose.toml", *PLAN, "--no-plots", cwd=folder)
    study("decay.toml", *PLAN, "--no-plots", cwd=folder)
    found = results.read(locate(None, folder / "studies"), "decay")
    assert found.study.spec["model"] == {"kind": "mlp", "hidden": [48]}
    assert found.study.spec["training"]["batch_size"] == 16
    assert found.study.spec["training"]["epochs"] == 1
    assert found.study.spec["base"] == {"study": "choose.toml", "trial": "best"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["gone.toml"], "gone.toml: expected a study file, found nothing of this name"),
        (["bad.toml"], "bad.toml:2: [training] epochs: expected a whole number from 1, found 0"),
        (["nodata.toml"], "nowhere: expected data, found nothing of this name"),
        (["show", "gone"], "studies: there are no studies here yet; run one, or name where with --folder"),
        (["resume", "gone"], "studies: there are no studies here yet; run one, or name where with --folder"),
        (["rm", "gone"], "studies: there are no studies here yet; run one, or name where with --folder"),
        (["tiny.toml", "--database", "mysql://x/y"], "expected a database as sqlite or postgresql URL"),
        (["self.toml"], "self.toml:2: [base] study: expected another study, found 'self' itself"),
        (["tiny.toml", "--processes", "0"], "expected a whole number from 1, found '0'"),
    ],
)
def test_what_cannot_be_run_is_one_line_and_2(
    folder: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    (folder / "bad.toml").write_text("[training]\nepochs = 0\n")
    (folder / "self.toml").write_text('[base]\nstudy = "self.toml"\n')
    (folder / "nodata.toml").write_text('[data]\nsource = "nowhere"\n')
    (folder / "tiny.toml").write_text(TINY.format(epochs=1))
    assert main(["study", *arguments]) == 2
    shown = capfd.readouterr()
    assert told in shown.err
    assert shown.out == ""


def test_the_folder_may_be_named_before_the_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "show").mkdir()
    locate(None, folder / "show").close()
    for words in (["--folder", "show", "list"], ["list", "--folder=show"], ["list", "--fold", "show"]):
        assert main(["study", *words]) == 0
        assert capsys.readouterr().err == ""
    assert main(["study", "--folder", "list", "list"]) == 2
    assert "list: there are no studies here yet" in capsys.readouterr().err


def test_what_cannot_be_written_or_shown_is_no_fault(folder: Path) -> None:
    (folder / "tiny.toml").write_text("\ufeff" + TINY.format(epochs=1), encoding="utf-8")
    told = subprocess.run(
        [sys.executable, "-m", "gradbook", "study", "tiny.toml", *PLAN, "--tensorboard", "tiny.toml"],
        capture_output=True,
        cwd=folder,
        timeout=120,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (told.returncode, told.stderr) == (2, b"gradbook study: error: tiny.toml/tiny: Not a directory\n")
    assert b" ? 0." in told.stdout
    problem = study("plot", "tiny", "--out", "tiny.toml", cwd=folder, status=2).stderr
    assert problem == "gradbook study: error: tiny.toml: File exists\n"


def test_help_lists_the_command_and_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "study" in capsys.readouterr().out
    assert main(["study", "--help"]) == 0
    assert "resume" in capsys.readouterr().out


def test_nothing_heavy_is_imported_for_help() -> None:
    code = (
        "import sys; from gradbook.cli import main; main(['study', '--help']);"
        "print(sorted({'torch', 'numpy', 'sqlalchemy', 'matplotlib'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
