"""Samples as people have them on disk: each format has one reader, and none of them unpickles anything."""

# pyarrow has no type information: what is unknown about it is allowed here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportMissingTypeStubs=false

from __future__ import annotations

import gzip
import io
import math
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradbook.study.problem import StudyError

Array = NDArray[Any]

#: Names under which the class of a sample goes, in the order of preference.
TARGETS = ("label", "labels", "target", "class", "y", "fine_label")

#: More classes than this are numbers that something else is meant by.
_MOST_CLASSES = 1000

_IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"})
_TABLES = frozenset({".csv", ".parquet"})

#: Longest side of an image in pixels: a small model for small images is not where larger ones belong.
_LONGEST_SIDE = 1024


@dataclass(frozen=True, slots=True)
class Samples:
    """What one set holds: ``x`` is (n, channels, height, width) in bytes, or (n, features) in float32."""

    x: Array
    y: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Source:
    """What a source holds: training samples, perhaps test samples, and the names of the classes."""

    train: Samples
    test: Samples | None
    classes: tuple[str, ...]


def digits() -> Source:
    """The handwritten digits that come with the package; see ``digits.md`` for their origin.

    >>> digits().train.x.shape
    (1797, 1, 8, 8)
    """
    with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as held:
        images, labels = held["images"], held["labels"]
    return Source(Samples(images[:, None], labels.astype(np.int64)), None, tuple("0123456789"))


def read(path: Path, target: str | None = None) -> Source:
    """What lies at a path, in whichever of the formats it is.

    Raises StudyError where nothing is there, or nothing that is known, or it is damaged.
    """
    if path.is_dir():
        return _folder(path, target)
    if not path.exists():
        raise StudyError(f"{path}: expected data, found nothing of this name; look at its spelling")
    if not path.is_file():
        raise StudyError(f"{path}: expected a file or a folder, found a pipe or a device")
    match path.suffix.lower():
        case ".npz":
            return _npz(path)
        case ".csv" | ".parquet":
            samples, classes = _tables([path], target)
            return Source(samples, None, classes)
        case ".pkl" | ".pickle" | ".pt" | ".pth" | ".npy":
            raise StudyError(f"{path}: this format can run code when it is read; save it as .npz instead")
        case _:
            raise StudyError(
                f"{path}: expected .npz, .csv, .parquet or a folder (CIFAR, IDX, Parquet, images by class)"
            )


def read_test(path: Path, target: str | None, classes: tuple[str, ...]) -> Samples:
    """A test set that lies elsewhere, with the classes of the training set."""
    source = read(path, target)
    unknown = sorted(set(source.classes) - set(classes))
    if unknown:
        raise StudyError(f"{path}: has classes that training lacks: {', '.join(unknown[:5])}")
    places = np.array([classes.index(name) for name in source.classes], dtype=np.int64)
    return Samples(source.train.x, places[source.train.y])


def _folder(path: Path, target: str | None) -> Source:
    seen = (entry for entry in sorted(path.iterdir()) if not entry.name.startswith("."))
    names = {entry.name.lower(): entry for entry in seen if entry.is_file() or entry.is_dir()}
    if any(name.endswith(".bin") for name in names):
        return _cifar(path, names)
    if any("ubyte" in name for name in names):
        return _idx_folder(path, names)
    if any(Path(name).suffix in _TABLES for name in names):
        return _split_tables(path, names, target)
    if "data_batch_1" in names:
        raise StudyError(f"{path}: this is CIFAR pickled for Python; take the binary version, or Parquet")
    if any(entry.is_dir() for entry in names.values()):
        return _image_folders(path, names)
    raise StudyError(f"{path}: expected CIFAR (.bin), IDX (ubyte), .parquet, .csv or a folder for each class")


# --- CIFAR and IDX -------------------------------------------------------------------------------


def _cifar(path: Path, names: dict[str, Path]) -> Source:
    if "train.bin" in names:  # CIFAR-100: a coarse label stands before the fine one
        train, test, lead, most = [names["train.bin"]], names.get("test.bin"), 2, 100
    else:
        train = [file for name, file in names.items() if name.startswith("data_batch")]
        test, lead, most = names.get("test_batch.bin"), 1, 10
    if not train:
        raise StudyError(f"{path}: expected data_batch_1.bin and so on, found {', '.join(names)}")
    classes = tuple(map(str, range(most)))
    for meta in ("batches.meta.txt", "fine_label_names.txt"):
        if meta in names and len(found := names[meta].read_text(encoding="utf-8").split()) == most:
            classes = tuple(found)
    read = [_cifar_file(file, lead, most) for file in train]
    joined = Samples(np.concatenate([s.x for s in read]), np.concatenate([s.y for s in read]))
    return Source(joined, _cifar_file(test, lead, most) if test is not None else None, classes)


def _cifar_file(path: Path, lead: int, most: int) -> Samples:
    held = np.fromfile(path, dtype=np.uint8)
    size = lead + 3 * 32 * 32
    if held.size == 0 or held.size % size:
        raise StudyError(f"{path}: expected samples of {size} bytes, found {held.size} bytes: truncated?")
    rows = held.reshape(-1, size)
    labels = rows[:, lead - 1].astype(np.int64)
    if labels.max() >= most:
        raise StudyError(f"{path}: expected classes below {most}, found {labels.max()}; is this CIFAR?")
    return Samples(rows[:, lead:].reshape(-1, 3, 32, 32), labels)


def _idx_folder(path: Path, names: dict[str, Path]) -> Source:
    def pair(start: str) -> Samples | None:
        images = [f for name, f in names.items() if name.startswith(start) and "images" in name]
        labels = [f for name, f in names.items() if name.startswith(start) and "labels" in name]
        if not images or not labels:
            return None
        x, y = _idx(images[0], 3), _idx(labels[0], 1)
        if len(x) != len(y):
            raise StudyError(f"{images[0]}: {len(x)} images, but {labels[0].name} has {len(y)} labels")
        return Samples(x[:, None], y.astype(np.int64))

    train = pair("train")
    if train is None:
        raise StudyError(f"{path}: expected train-images… and train-labels…, found {', '.join(names)}")
    return numbered(train, pair("t10k") or pair("test"), str(path))


def _idx(path: Path, dimensions: int) -> Array:
    """The bytes of an IDX file: two zeros, the type (8 is bytes), the number of dimensions, then their sizes."""
    try:
        held = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise StudyError(f"{path}: cannot be unpacked: {error}; is it truncated?") from None
    head = 4 + 4 * dimensions
    if len(held) < head or held[:4] != bytes((0, 0, 8, dimensions)):
        raise StudyError(f"{path}: expected an IDX file of bytes in {dimensions} dimensions, found another")
    shape = tuple(int.from_bytes(held[4 + 4 * d : 8 + 4 * d], "big") for d in range(dimensions))
    if len(held) - head != math.prod(shape):
        raise StudyError(
            f"{path}: expected {math.prod(shape)} bytes for {shape}, found {len(held) - head}; truncated?"
        )
    return np.frombuffer(held, np.uint8, offset=head).reshape(shape)


# --- arrays and tables ---------------------------------------------------------------------------


def _npz(path: Path) -> Source:
    import zipfile

    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
    except (
        OSError,
        ValueError,
        EOFError,
        AttributeError,
        TypeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise StudyError(f"{path}: cannot be read as .npz without pickle: {error}") from None

    def pair(*choices: tuple[str, str]) -> Samples | None:
        for x, y in choices:
            if x in arrays and y in arrays:
                return Samples(arranged(arrays[x], f"{path}: {x}"), whole(arrays[y], f"{path}: {y}"))
        return None

    train = pair(("x_train", "y_train"), ("train_x", "train_y"), ("x", "y"), ("images", "labels"))
    if train is None:
        raise StudyError(f"{path}: expected arrays x and y (or x_train, y_train), found {', '.join(arrays)}")
    return numbered(train, pair(("x_test", "y_test"), ("test_x", "test_y")), str(path))


def numbered(train: Samples, test: Samples | None, where: str) -> Source:
    """Samples whose classes are any whole numbers, such as 1 to 26, or -1 and 1: their names are these numbers."""
    numbers = np.unique(train.y)
    if len(numbers) > _MOST_CLASSES:
        raise StudyError(f"{where}: expected at most {_MOST_CLASSES} classes, found {len(numbers)}")
    if test is not None and len(extra := np.setdiff1d(test.y, numbers)):
        raise StudyError(f"{where}: test has classes that training lacks: {', '.join(map(str, extra[:5]))}")

    def placed(samples: Samples) -> Samples:
        return Samples(samples.x, np.searchsorted(numbers, samples.y).astype(np.int64))

    return Source(placed(train), placed(test) if test is not None else None, tuple(map(str, numbers)))


def arranged(x: Array, where: str) -> Array:
    """Arrays as ``Samples`` has them: images get their channels first, tables become float32."""
    if x.dtype.kind not in "uifb":
        raise StudyError(f"{where}: expected numbers, found {x.dtype}")
    if x.ndim == 4 and x.shape[1] not in (1, 3, 4) and x.shape[3] in (1, 3, 4):
        x = np.moveaxis(x, 3, 1)
    elif x.ndim == 3:
        x = x[:, None]
    if x.ndim not in (2, 4) or 0 in x.shape[1:]:
        raise StudyError(f"{where}: expected images or rows of features, found the shape {x.shape}")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is told with its place
        return np.ascontiguousarray(x, dtype=np.uint8 if x.dtype == np.uint8 and x.ndim == 4 else np.float32)


def whole(y: Array, where: str) -> NDArray[np.int64]:
    """Classes as ``Samples`` has them, from whole numbers of any type."""
    y = y.reshape(-1) if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim != 1 or y.dtype.kind not in "uif":
        raise StudyError(
            f"{where}: expected a whole number for each sample, its class, found {y.dtype} of shape {y.shape}"
        )
    far = ~(np.abs(y) < 2**53) if y.dtype.kind == "f" else y > 2**53
    if np.any(far) or (y.dtype.kind == "f" and not np.all(y == np.round(y))):
        odd = y[far][0] if np.any(far) else y[y != np.round(y)][0]
        raise StudyError(f"{where}: expected a whole number for each sample, its class, found {odd}")
    return y.astype(np.int64)


def _split_tables(path: Path, names: dict[str, Path], target: str | None) -> Source:
    files = {n: f for n, f in names.items() if f.suffix.lower() in _TABLES}
    test = [f for n, f in files.items() if n.startswith("test")]
    train = [f for n, f in files.items() if n.startswith("train")]
    train = train or [f for n, f in files.items() if not n.startswith(("test", "val"))]
    if not train:
        raise StudyError(f"{path}: expected files that start with train, found {', '.join(files)}")
    samples, classes = _tables(train, target)
    if not test:
        return Source(samples, None, classes)
    held, found = _tables(test, target, classes)
    return Source(samples, held, found)


def _tables(
    paths: Sequence[Path], target: str | None, classes: tuple[str, ...] | None = None
) -> tuple[Samples, tuple[str, ...]]:
    import pyarrow as pa

    try:
        table = pa.concat_tables([_table(path) for path in paths])
    except (pa.ArrowException, OSError) as error:
        raise StudyError(f"{paths[0]}: cannot be read: {str(error).splitlines()[0]}") from None
    columns: list[str] = table.column_names
    if not table.num_rows:
        raise StudyError(f"{paths[0]}: expected rows, found none")
    if target is not None and target not in columns:
        raise StudyError(f"{paths[0]}: has no column {target!r} for the class; it has {', '.join(columns)}")
    named = [name for word in TARGETS for name in columns if name.strip().lower() == word]
    target = target or (named[0] if named else columns[-1])
    y, classes = _labels(table, target, paths[0], classes)
    others = [name for name in columns if name != target]
    images = [name for name in others if _holds_images(table.schema.field(name).type)]
    if images:
        return Samples(_decoded(table.column(images[0]), paths[0]), y), classes
    return Samples(_features(table, others, paths[0]), y), classes


def _table(path: Path) -> Any:
    """A table, the names of whose columns tell one from another."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    if path.suffix.lower() == ".csv":
        # Without this, an empty field would be a class of its own.
        empty = pyarrow.csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False)
        table = pyarrow.csv.read_csv(path, convert_options=empty)
        try:
            columns: list[str] = table.column_names
        except UnicodeDecodeError:
            columns = []
        if not columns or any(pa.types.is_binary(kind) for kind in table.schema.types):
            raise StudyError(f"{path}: expected text in UTF-8, found another encoding; save it as UTF-8")
    else:
        # One open file, closed here: left to the collector, it would be open when the file is replaced.
        with path.open("rb") as file:
            table = pyarrow.parquet.read_table(file)
        columns = table.column_names
        if index := [name for name in columns if name.startswith("__index_level_")]:
            table = table.drop_columns(index)  # the row numbers of a data frame: no feature of a sample
            columns = table.column_names
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise StudyError(f"{path}: several columns are called {twice[0]!r}; does it lack a header?")
    if unnamed := [place for place, name in enumerate(columns, 1) if not name.strip()]:
        raise StudyError(
            f"{path}: column {unnamed[0]} has no name; name it, or drop it if it only numbers the rows"
        )
    return table


def _labels(
    table: Any, target: str, path: Path, classes: tuple[str, ...] | None
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The class of each row, and the names of the classes: those of training, if they are known."""
    values: list[Any] = table.column(target).to_pylist()
    missing = sum(value is None or value != value or str(value).strip() == "" for value in values)
    if missing:
        raise StudyError(f"{path}: {missing} samples have no {target} (empty, NA or NaN); fill or drop them")
    if fractions := [value for value in values if isinstance(value, float) and not value.is_integer()]:
        raise StudyError(
            f"{path}: {target}: expected classes, found {fractions[0]}; name their column with target"
        )
    values = [int(value) if isinstance(value, float) else value for value in values]
    metadata: dict[bytes, bytes] = table.schema.metadata or {}
    told = tuple(n for n in metadata.get(b"class_names", b"").decode().split(",") if n)
    if told and classes and told != classes:
        raise StudyError(
            f"{path}: expected the classes {', '.join(classes[:5])}, found {', '.join(told[:5])}"
        )
    numbers = all(type(value) is int for value in values)
    listed = told or classes or ()
    if numbers and (told or not {str(value) for value in values} <= set(listed)):
        places = np.array(values, dtype=np.int64)  # in the list of classes that have names
        if places.min() >= 0 and places.max() < len(listed):
            return places, listed
    names = classes or tuple(map(str, sorted(set(values)) if numbers else sorted(set(map(str, values)))))
    if len(names) > _MOST_CLASSES:
        raise StudyError(f"{path}: {target} has {len(names)} values; name the column with `target`")
    if target in names:
        raise StudyError(f"{path}: expected a header, found a class, {target}, as the name of a column")
    place = {name: number for number, name in enumerate(names)}
    if unknown := sorted({str(value) for value in values} - set(names)):
        raise StudyError(f"{path}: has classes that training lacks: {', '.join(unknown[:5])}")
    return np.array([place[str(value)] for value in values], dtype=np.int64), names


def _features(table: Any, names: list[str], path: Path) -> Array:
    columns: list[Array] = []
    for name in names:
        column = table.column(name)
        if column.null_count:
            raise StudyError(f"{path}: {column.null_count} rows have no {name}; fill or drop them")
        values = column.to_numpy()
        if values.dtype.kind not in "uifb":
            raise StudyError(
                f"{path}: column {name}: expected numbers, found {values.dtype}; encode or drop it"
            )
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is told with its place
            columns.append(values.astype(np.float32))
    if not columns:
        only = table.column_names[0]
        raise StudyError(f"{path}: expected columns of features, told apart by commas, found only {only!r}")
    return np.stack(columns, axis=1)


# --- images --------------------------------------------------------------------------------------


def _holds_images(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return any(kind.field(i).name == "bytes" for i in range(kind.num_fields))
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _decoded(column: Any, path: Path) -> Array:
    def images() -> Iterable[tuple[str, Callable[[], Any]]]:
        number = 0
        for chunk in column.chunks:
            flat = chunk.field("bytes") if chunk.type.num_fields else chunk
            for value in flat:
                held = value.as_py()
                yield f"{path}: image {number}", lambda held=held: io.BytesIO(held or b"")
                number += 1

    return _pixels(images(), len(column))


def _image_folders(path: Path, names: dict[str, Path]) -> Source:
    def classes_in(root: Path) -> tuple[str, ...]:
        # Folders that programs keep for themselves, such as .ipynb_checkpoints and __MACOSX, are no classes.
        return tuple(
            sorted(e.name for e in root.iterdir() if e.is_dir() and not e.name.startswith((".", "__")))
        )

    def samples(root: Path, classes: tuple[str, ...]) -> Samples:
        found = [(i, f) for i, name in enumerate(classes) for f in _images_in(root / name)]
        pixels = _pixels(((str(f), lambda f=f: f) for _, f in found), len(found))
        return Samples(pixels, np.array([i for i, _ in found], dtype=np.int64))

    root = names.get("train", path)
    classes = classes_in(root)
    for name in classes:
        if not _images_in(root / name):
            raise StudyError(f"{root / name}: expected images of this class, found none")
    test = names.get("test") if root != path else None
    if test is not None and (extra := set(classes_in(test)) - set(classes)):
        raise StudyError(f"{test}: has classes that training lacks: {', '.join(sorted(extra))}")
    return Source(samples(root, classes), samples(test, classes) if test is not None else None, classes)


def _images_in(folder: Path) -> list[Path]:
    return sorted(f for f in folder.glob("*") if f.suffix.lower() in _IMAGE_SUFFIXES and f.is_file())


def _pixels(images: Iterable[tuple[str, Callable[[], Any]]], count: int) -> Array:
    """Decoded images, all of one size; grey ones keep one channel if none is coloured."""
    from PIL import Image, UnidentifiedImageError

    pixels: Array | None = None
    for number, (where, opened) in enumerate(images):
        try:
            with Image.open(opened()) as image:
                if max(image.size) > _LONGEST_SIDE:
                    raise StudyError(
                        f"{where}: expected at most {_LONGEST_SIDE} pixels a side, found {image.size}"
                    )
                held = _bytes(image, where)
        except UnidentifiedImageError:
            raise StudyError(f"{where}: not an image that can be read: of no format that is known") from None
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise StudyError(f"{where}: not an image that can be read: {error}") from None
        held = held[None] if held.ndim == 2 else held.transpose(2, 0, 1)
        if pixels is None:
            pixels = np.empty((count, *held.shape), np.uint8)
        if pixels.shape[2:] != held.shape[1:]:
            raise StudyError(
                f"{where}: expected {pixels.shape[3]} × {pixels.shape[2]} pixels as in the first image, "
                f"found {held.shape[2]} × {held.shape[1]}; scale all to one size"
            )
        if pixels.shape[1] < held.shape[0]:  # the first coloured image after grey ones
            pixels = np.repeat(pixels, 3, axis=1)
        pixels[number] = held
    if pixels is None:
        raise StudyError("expected images, found none")
    return pixels


def _bytes(image: Any, where: str) -> Array:
    """The pixels of an image, grey or coloured, in bytes: of 16 bits the upper eight, as of coloured images."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        return (np.asarray(image) >> 8).astype(np.uint8)
    if image.mode in ("I", "F"):
        raise StudyError(
            f"{where}: expected 8 or 16 bits for a pixel, found 32; scale and save it so, or use .npz"
        )
    return np.asarray(image.convert("L" if image.mode in ("1", "L", "LA") else "RGB"))
