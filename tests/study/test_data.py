"""Samples in every format that people have, whole and damaged."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import torch
from PIL import Image

from gradbook.study import data, formats, spec
from gradbook.study.problem import StudyError
from gradbook.study.samples import Dataset

RANDOM = np.random.default_rng(0)
CLASSES = 3


def images(count: int, channels: int = 3, side: int = 32) -> tuple[Any, Any]:
    """Random pictures, and classes of which each is there."""
    x = RANDOM.integers(0, 256, (count, channels, side, side), dtype=np.uint8)
    return x, np.arange(count) % CLASSES


def png(image: Any) -> bytes:
    held = io.BytesIO()
    Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)).save(held, "png")
    return held.getvalue()


def prepare(source: Path, folder: Path, **settings: Any) -> data.Prepared:
    return data.prepare(
        spec.read({"name": "x", "data": {"source": str(source), **settings}}).settings.data, folder, Path()
    )


def write_cifar(folder: Path, x: Any, y: Any) -> None:
    rows = np.concatenate([y[:, None].astype(np.uint8), x.reshape(len(x), -1)], axis=1)
    for number, part in enumerate(np.array_split(rows[:-30], 5), 1):
        part.tofile(folder / f"data_batch_{number}.bin")
    rows[-30:].tofile(folder / "test_batch.bin")


def write_parquet(folder: Path, x: Any, y: Any) -> None:
    for name, a, b in (("train", x[:-30], y[:-30]), ("test", x[-30:], y[-30:])):
        held = pa.array([{"bytes": png(i), "path": f"{n}.png"} for n, i in enumerate(a)])
        pyarrow.parquet.write_table(pa.table({"img": held, "label": b}), folder / f"{name}.parquet")


def write_idx(folder: Path, x: Any, y: Any, suffix: str = "") -> None:
    opener = gzip.open if suffix else open
    for name, a, b in (("train", x[:-30], y[:-30]), ("t10k", x[-30:], y[-30:])):
        with opener(folder / f"{name}-images-idx3-ubyte{suffix}", "wb") as file:
            file.write(struct.pack(">BBBBIII", 0, 0, 8, 3, len(a), *a.shape[2:]) + a.tobytes())
        with opener(folder / f"{name}-labels-idx1-ubyte{suffix}", "wb") as file:
            file.write(struct.pack(">BBBBI", 0, 0, 8, 1, len(b)) + b.astype(np.uint8).tobytes())


def write_folders(folder: Path, x: Any, y: Any) -> None:
    for part, pairs in (
        ("train", list(zip(x, y, strict=True))[:-30]),
        ("test", list(zip(x, y, strict=True))[-30:]),
    ):
        for number, (image, label) in enumerate(pairs):
            place = folder / part / f"class {label}"
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{number:04d}.png").write_bytes(png(image))


def write_npz(folder: Path, x: Any, y: Any) -> None:
    np.savez(folder / "all.npz", x_train=x[:-30], y_train=y[:-30], x_test=x[-30:], y_test=y[-30:])


WRITERS = {
    "cifar": (write_cifar, 3),
    "parquet": (write_parquet, 3),
    "idx": (write_idx, 1),
    "idx.gz": (lambda f, x, y: write_idx(f, x, y, ".gz"), 1),
    "folders": (write_folders, 3),
    "grey folders": (write_folders, 1),
    "npz": (write_npz, 3),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_every_format_gives_the_pixels_and_classes_that_were_written(tmp_path: Path, kind: str) -> None:
    write, channels = WRITERS[kind]
    x, y = images(120, channels)
    write(tmp_path, x, y)
    source = formats.read(tmp_path / "all.npz" if kind == "npz" else tmp_path)
    assert source.test is not None

    def in_order(a: Any, b: Any) -> Any:  # folders come class by class
        order = np.lexsort((a.reshape(len(a), -1)[:, 0], a.reshape(len(a), -1)[:, 1], b))
        return a[order], b[order]

    for ours, theirs in (
        ((source.train.x, source.train.y), (x[:-30], y[:-30])),
        ((source.test.x, source.test.y), (x[-30:], y[-30:])),
    ):
        for one, other in zip(in_order(*ours), in_order(*theirs), strict=True):
            assert np.array_equal(one, other)


def test_tables_take_their_class_from_the_column_that_is_named(tmp_path: Path) -> None:
    y = np.arange(90) % 3
    table = pa.table(
        {"a": RANDOM.normal(size=90), "kind": [f"k{v}" for v in y], "b": RANDOM.integers(0, 9, 90)}
    )
    pyarrow.csv.write_csv(table, tmp_path / "t.csv")
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    for name in ("t.csv", "t.parquet"):
        source = formats.read(tmp_path / name, "kind")
        assert source.classes == ("k0", "k1", "k2")
        assert source.train.x.shape == (90, 2)
        assert np.array_equal(source.train.y, y)
        assert np.allclose(source.train.x[:, 0], table["a"].to_numpy())
    prepared = prepare(tmp_path / "t.csv", tmp_path / "p", target="kind")
    x, _ = Dataset(prepared).batch("train", slice(None))
    assert np.allclose(x.mean(0), 0, atol=1e-5)
    assert np.allclose(x.std(0, unbiased=False), 1, atol=1e-5)


def test_division_is_stratified_disjoint_and_always_the_same(tmp_path: Path) -> None:
    x = np.arange(1000, dtype=np.float32)[:, None]
    y = np.repeat([0, 1, 2, 3], [100, 200, 300, 400])
    parts = data._divided(  # pyright: ignore[reportPrivateUsage]
        formats.Source(formats.Samples(x, y), None, tuple("abcd")), spec.Data(test=0.2, validation=0.1), "x"
    )
    assert {name: np.bincount(part.y).tolist() for name, part in parts.items()} == {
        "train": [72, 144, 216, 288],
        "validation": [8, 16, 24, 32],
        "test": [20, 40, 60, 80],
    }
    together = np.concatenate([part.x[:, 0] for part in parts.values()])
    assert np.array_equal(np.sort(together), x[:, 0])
    again = prepare_arrays(x, y, tmp_path / "a")
    assert again == prepare_arrays(x, y, tmp_path / "b")
    assert again != prepare_arrays(x + 1, y, tmp_path / "c")


def prepare_arrays(x: Any, y: Any, folder: Path) -> str:
    return data.prepare(spec.Data(source="python"), folder, Path(), data.from_datasets((x, y))).fingerprint


def test_limit_keeps_exactly_so_many_of_every_class_in_proportion(tmp_path: Path) -> None:
    prepared = data.prepare(spec.Data(limit=500, validation=0), tmp_path, Path())
    assert prepared.sizes["train"] == 500
    assert set(prepared.sizes) == {"train", "test"}
    counts = Dataset(prepared).splits["train"].y.bincount()
    assert int(counts.min()) >= 48


def test_prepared_data_are_kept_until_the_source_changes(tmp_path: Path) -> None:
    x, y = images(60)
    np.savez(tmp_path / "d.npz", x=x, y=y)
    first = prepare(tmp_path / "d.npz", tmp_path / "p")
    assert prepare(tmp_path / "d.npz", tmp_path / "p") == first
    np.savez(tmp_path / "d.npz", x=255 - x, y=y)
    os.utime(tmp_path / "d.npz", ns=(1, 1))
    assert prepare(tmp_path / "d.npz", tmp_path / "p").fingerprint != first.fingerprint


def test_large_images_stay_bytes_and_give_the_same_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = images(60)
    np.savez(tmp_path / "d.npz", x=x, y=y)
    prepared = prepare(tmp_path / "d.npz", tmp_path / "p")
    ready = Dataset(prepared).batch("train", slice(0, 9))[0]
    monkeypatch.setattr("gradbook.study.samples._READY", 0)
    held = Dataset(prepared)
    assert held.splits["train"].x.dtype.itemsize == 1
    assert np.array_equal(held.batch("train", slice(0, 9))[0], ready)


@pytest.mark.parametrize("most", [0, 2**30])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_samples_stay_as_they_are_whatever_is_done_to_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, kind: type[Any]
) -> None:
    monkeypatch.setattr("gradbook.study.samples._READY", most)
    x, y = images(60)
    np.savez(tmp_path / "d.npz", x=x.astype(kind), y=y)
    held = Dataset(prepare(tmp_path / "d.npz", tmp_path / "p"))
    for index in (slice(0, 9), torch.arange(9)):
        first = held.batch("train", index)[0]
        before = first.clone()
        first.zero_()
        assert torch.equal(held.batch("train", index)[0], before)


def test_data_sets_of_python_give_their_samples() -> None:
    from torch.utils.data import TensorDataset

    x, y = torch.rand(30, 1, 4, 4), torch.arange(30) % 3
    for given in (TensorDataset(x, y), (x.numpy(), y.numpy()), [(x[i], int(y[i])) for i in range(30)]):
        source = data.from_datasets(given)
        assert np.allclose(source.train.x, x)
        assert source.classes == ("0", "1", "2")
    with pytest.raises(StudyError, match="of one shape"):
        data.from_datasets([(np.zeros(3), 0), (np.zeros(4), 1)])


def labelled(labels: list[str], head: str = "a,label") -> str:
    return "\n".join([head, *(f"0.{number},{label}" for number, label in enumerate(labels))])


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        (labelled(["1", "2", "3"] * 9), ("1", "2", "3")),
        (labelled(["-1", "1"] * 9), ("-1", "1")),
        (labelled(["10", "9", "2019"] * 9), ("9", "10", "2019")),
        (labelled(["0.0", "1.0"] * 9), ("0", "1")),
        (labelled(['"a, b"', '"NA"'] * 9), ("NA", "a, b")),
        (labelled(["true", "false"] * 9), ("False", "True")),
        # The column is found by whatever case and spaces, rather than another taken for it.
        (labelled([f"{n % 2},{n % 3}" for n in range(18)], "a,Class ,b"), ("0", "1")),
        ("\ufeff" + labelled(["x", "y"] * 9, "a,label"), ("x", "y")),
    ],
)
def test_classes_in_tables_are_whatever_values_there_are(
    tmp_path: Path, text: str, classes: tuple[str, ...]
) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    assert prepare(tmp_path / "t.csv", tmp_path / "p", validation=0.2).classes == classes


def test_classes_in_arrays_are_whatever_numbers_there_are(tmp_path: Path) -> None:
    x, y = images(60)
    np.savez(tmp_path / "d.npz", x_train=x, y_train=y + 1, x_test=x, y_test=(y + 1).astype(np.float32))
    source = formats.read(tmp_path / "d.npz")
    assert source.classes == ("1", "2", "3")
    assert source.test is not None
    assert np.array_equal(source.test.y, y)
    assert np.array_equal(source.train.y, y)
    write_idx(tmp_path, images(60, 1)[0], np.arange(60) % 3 + 4)
    assert formats.read(tmp_path).classes == ("4", "5", "6")
    assert data.from_datasets((x, np.where(y > 0, 1, -1))).classes == ("-1", "1")


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1", "I;16", "CMYK"])
def test_images_of_every_kind_keep_their_brightness(tmp_path: Path, mode: str) -> None:
    for name in ("cat", "dög"):
        (tmp_path / name).mkdir()
        for number in range(9):
            grey = RANDOM.integers(0, 256, (9, 5), dtype=np.uint8)
            image = Image.fromarray(grey.astype(np.uint16) * 257 if mode == "I;16" else grey)
            kind = "tif" if mode == "CMYK" else "png"
            (image if mode == "I;16" else image.convert(mode)).save(tmp_path / name / f"{number}.{kind}")
            image.close()
    for other in (".ipynb_checkpoints", "__MACOSX"):
        (tmp_path / other).mkdir()
    source = formats.read(tmp_path)
    assert source.classes == ("cat", "dög")
    assert source.train.x.shape[2:] == (9, 5)
    assert 118 < source.train.x.mean() < 138
    assert 65 < source.train.x.std() < 130


def test_the_row_numbers_of_a_data_frame_are_no_feature(tmp_path: Path) -> None:
    table = pa.table({"a": np.arange(60.0), "label": np.arange(60) % 3, "__index_level_0__": np.arange(60)})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    assert formats.read(tmp_path / "t.parquet").train.x.shape == (60, 1)


def test_test_tables_may_number_the_classes_that_training_names(tmp_path: Path) -> None:
    table = pa.table({"a": np.arange(60.0), "label": np.arange(60) % 3})
    named = table.replace_schema_metadata({"class_names": "cat,dog,eel"})
    pyarrow.parquet.write_table(named, tmp_path / "train.parquet")
    pyarrow.parquet.write_table(table, tmp_path / "test.parquet")
    source = formats.read(tmp_path)
    assert source.classes == ("cat", "dog", "eel")
    assert source.test is not None
    assert np.array_equal(source.test.y, source.train.y)


def test_tensors_that_numpy_cannot_hold_are_taken(tmp_path: Path) -> None:
    x, y = torch.rand(30, 1, 4, 4, requires_grad=True), torch.arange(30) % 3
    for given in ((x, y), (x.bfloat16(), y), [(x[i].bfloat16(), y[i]) for i in range(30)]):
        assert np.allclose(data.from_datasets(given).train.x, x.detach(), atol=0.01)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([(np.zeros(3), "cat"), (np.zeros(3), "dog")], "expected a whole number for each sample, its class"),
        ([(np.zeros(3), 0.5), (np.zeros(3), 1.0)], "its class, found 0.5"),
        ((np.zeros((9, 3)), np.eye(9)), r"its class, found float64 of shape \(9, 9\)"),
        ((np.zeros((9, 0)), np.arange(9)), r"found the shape \(9, 0\)"),
        ((np.zeros((9, 3)), np.arange(8)), "samples and one class for each"),
        ((np.zeros((2000, 3)), np.arange(2000)), "at most 1000 classes"),
    ],
)
def test_data_sets_of_python_that_cannot_be_are_told(given: Any, told: str) -> None:
    with pytest.raises(StudyError, match=told):
        data.from_datasets(given)


def test_a_data_set_that_moves_its_samples_is_refused() -> None:
    class Moving:
        def __len__(self) -> int:
            return 30

        def __getitem__(self, place: int) -> tuple[Any, int]:
            return RANDOM.random(3), place % 3

    with pytest.raises(StudyError, match="sample 0 is another each time it is asked for"):
        data.from_datasets(Moving())


# --- damaged -------------------------------------------------------------------------------------


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def damaged(folder: Path, kind: str) -> Path:
    x, y = images(90, 1 if "idx" in kind else 3)
    match kind:
        case "cifar cut":
            write_cifar(folder, x, y)
            cut(folder / "data_batch_3.bin")
        case "idx cut":
            write_idx(folder, x, y)
            cut(folder / "train-images-idx3-ubyte")
        case "idx.gz cut":
            write_idx(folder, x, y, ".gz")
            cut(folder / "train-images-idx3-ubyte.gz")
        case "idx labels":
            write_idx(folder, x, y)
            held = struct.pack(">BBBBI", 0, 0, 8, 1, 5) + bytes(5)
            (folder / "train-labels-idx1-ubyte").write_bytes(held)
        case "npz cut":
            write_npz(folder, x, y)
            cut(folder / "all.npz")
            return folder / "all.npz"
        case "npz pickled":
            np.savez(folder / "all.npz", x=x, y=np.array([object()] * len(x)))
            return folder / "all.npz"
        case "parquet cut":
            write_parquet(folder, x, y)
            cut(folder / "train.parquet")
        case "not an image":
            write_folders(folder, x, y)
            (folder / "train" / "class 0" / "0000.png").write_bytes(b"not an image")
        case "sizes differ":
            write_folders(folder, x, y)
            (folder / "train" / "class 1" / "9999.png").write_bytes(png(images(1, 3, 16)[0][0]))
        case "class empty":
            write_folders(folder, x, y)
            (folder / "train" / "class 9").mkdir()
        case "class missing in test":
            np.savez(folder / "all.npz", x_train=x, y_train=y, x_test=x, y_test=np.zeros(len(x), int))
            return folder / "all.npz"
        case "nan":
            z = x.astype(np.float32)
            z[17] = np.nan
            np.savez(folder / "all.npz", x=z, y=y)
            return folder / "all.npz"
        case "csv gap":
            (folder / "t.csv").write_text("a,label\n1,0\n,1\n")
            return folder / "t.csv"
        case "csv words":
            (folder / "t.csv").write_text("a,label\n1,0\nx,1\n")
            return folder / "t.csv"
        case "csv semicolons":
            (folder / "t.csv").write_text("a;label\n1;0\n2;1\n")
            return folder / "t.csv"
        case "csv class missing":
            (folder / "t.csv").write_text(labelled(["x", "", "NA"] * 9))
            return folder / "t.csv"
        case "csv without header":
            (folder / "t.csv").write_text(labelled(["x", "y"] * 9, "0.7,x"))
            return folder / "t.csv"
        case "csv same names":
            (folder / "t.csv").write_text("a,a,label\n1,2,0\n1,3,1\n")
            return folder / "t.csv"
        case "csv row numbers":
            (folder / "t.csv").write_text(",a,label\n0,2,0\n1,3,1\n")
            return folder / "t.csv"
        case "csv latin":
            (folder / "t.csv").write_text(labelled(["é", "ü"] * 9), encoding="latin-1")
            return folder / "t.csv"
        case "csv latin header":
            (folder / "t.csv").write_text("é,label\n1,0\n2,1\n", encoding="latin-1")
            return folder / "t.csv"
        case "csv fractions":
            (folder / "t.csv").write_text("a,b\n1,0.5\n2,1\n")
            return folder / "t.csv"
        case "csv no rows":
            (folder / "t.csv").write_text("a,label\n")
            return folder / "t.csv"
        case "parquet nan":
            table = pa.table({"a": np.arange(9.0), "label": np.where(np.arange(9) % 3, np.nan, 1.0)})
            pyarrow.parquet.write_table(table, folder / "t.parquet")
        case "npy":
            np.save(folder / "a.npy", x)
            return (folder / "a.npy").rename(folder / "a.npz")
        case "float32":
            np.savez(folder / "a.npz", x=x.reshape(90, -1) * 1e300, y=y)
            return folder / "a.npz"
        case "tiff":
            (folder / "c").mkdir()
            Image.fromarray(np.zeros((4, 4), np.float32)).save(folder / "c" / "a.tif")
        case "too few":
            np.savez(folder / "all.npz", x=x[:4], y=y[:4])
            return folder / "all.npz"
        case "pickle":
            (folder / "d.pkl").write_bytes(pickle.dumps((x, y)))
            return folder / "d.pkl"
        case "cifar pickled":
            (folder / "data_batch_1").write_bytes(pickle.dumps({b"data": x}))
        case "gone":
            return folder / "gone"
        case _:
            (folder / "notes.txt").write_text("")
    return folder


DAMAGED = {
    "cifar cut": "truncated",
    "idx cut": "truncated",
    "idx.gz cut": "truncated",
    "idx labels": "60 images, but|90 images, but|images, but",
    "npz cut": "cannot be read as .npz",
    "npz pickled": "without pickle",
    "parquet cut": "cannot be read",
    "not an image": "0000.png: not an image",
    "sizes differ": "expected 32 × 32 pixels as in the first image, found 16 × 16",
    "class empty": "class 9: expected images of this class, found none",
    "class missing in test": "test samples: no sample of the class 1, 2",
    "nan": "sample 17 has a value that is not a finite number",
    "csv gap": "1 rows have no a",
    "csv words": "column a: expected numbers",
    "csv semicolons": "told apart by commas, found only 'a;label'",
    "csv class missing": r"18 samples have no label \(empty",
    "csv without header": "expected a header, found a class, x",
    "csv same names": "several columns are called 'a'",
    "csv row numbers": "column 1 has no name",
    "csv latin": "expected text in UTF-8",
    "csv latin header": "expected text in UTF-8",
    "csv fractions": "b: expected classes, found 0.5",
    "csv no rows": "expected rows, found none",
    "parquet nan": "6 samples have no label",
    "npy": "cannot be read as .npz",
    "float32": "not a finite number",
    "tiff": "expected 8 or 16 bits for a pixel, found 32",
    "too few": "too few",
    "pickle": "can run code",
    "cifar pickled": "pickled for Python; take the binary version",
    "gone": "found nothing of this name",
    "nothing known": "expected CIFAR",
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_is_wrong_with_data_is_told_in_one_line(tmp_path: Path, kind: str) -> None:
    source, prepared = tmp_path / "source", tmp_path / "prepared"
    source.mkdir()
    with pytest.raises(StudyError, match=DAMAGED[kind]) as caught:
        prepare(damaged(source, kind), prepared)
    assert "\n" not in str(caught.value)
    assert not list(prepared.glob("*.safetensors"))


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "sprung",))

    held = np.array([Trap()] * 3, dtype=object)
    np.savez(tmp_path / "trap.npz", x=held, y=np.arange(3))
    assert not (tmp_path / "sprung").exists()
    with pytest.raises(StudyError):
        prepare(tmp_path / "trap.npz", tmp_path / "p")
    assert not (tmp_path / "sprung").exists()


def test_digits_are_the_whole_of_what_their_origin_says() -> None:
    source = formats.digits()
    assert source.train.x.shape == (1797, 1, 8, 8)
    assert int(source.train.x.max()) == 16
    assert np.bincount(source.train.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(StudyError, match=r"a.csv: expected a file or a folder, found a pipe"):
        data.prepare(spec.Data(source=str(tmp_path / "a.csv")), tmp_path / "out", Path())
    (tmp_path / "set").mkdir()
    os.mkfifo(tmp_path / "set" / "train.csv")
    with pytest.raises(StudyError, match=r"set: expected CIFAR"):
        data.prepare(spec.Data(source=str(tmp_path / "set")), tmp_path / "out", Path())


def test_what_the_system_refuses_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "secret.csv")

    monkeypatch.setattr(formats, "read", refused)
    with pytest.raises(StudyError, match=r"^secret.csv: cannot be read: Permission denied$"):
        data.prepare(spec.Data(source=str(tmp_path)), tmp_path / "out", Path())
