"""Samples, checked and divided once, in a file that every worker maps into its memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from gradbook.study import formats
from gradbook.study.files import written_whole
from gradbook.study.formats import Samples, Source
from gradbook.study.problem import StudyError
from gradbook.study.settings import Data

#: The parts of the data: choices are made on validation, and the test set only reports.
SPLITS = ("train", "validation", "test")

#: The division is the same for every seed: what differs between seeds is the model and the order.
_DIVISION_SEED = 20_240_607

#: So many samples of a data set in Python are asked for a second time, to see whether they are the same.
_ASKED_TWICE = 16

#: A change in what is prepared, and how, must not meet files that were made before it.
_VERSION = 2


@dataclass(frozen=True, slots=True)
class Prepared:
    """Where the prepared samples are, and what they are."""

    path: Path
    fingerprint: str
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    sizes: Mapping[str, int]
    shares: Mapping[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])

    def to_json(self) -> dict[str, Any]:
        """The record of the data that a study keeps."""
        return {
            "fingerprint": self.fingerprint,
            "shape": list(self.shape),
            "classes": list(self.classes),
            "sizes": dict(self.sizes),
            "shares": {part: list(shares) for part, shares in self.shares.items()},
        }


def prepare(settings: Data, folder: Path, here: Path, given: Source | None = None) -> Prepared:
    """Read, check and divide the samples, unless that was done before; the result lies in ``folder``.

    Relative paths start at ``here``. ``given`` are samples from Python, which have no file.

    Raises StudyError, before any training, for whatever is wrong with the data.
    """
    folder.mkdir(parents=True, exist_ok=True)
    note = None
    if given is None:
        try:
            note = folder / f"{_signature(settings, here)}.json"
            known = _known(note, folder)
            if known is not None:
                return known
            given = _read(settings, here)
        except OSError as error:
            name = error.filename or settings.source
            raise StudyError(f"{name}: cannot be read: {error.strerror or error}") from None
    where = settings.source
    _check(given.train, given.classes, f"{where}: training samples")
    if given.test is not None:
        _check(given.test, given.classes, f"{where}: test samples")
        if given.test.x.shape[1:] != given.train.x.shape[1:]:
            raise StudyError(
                f"{where}: training samples have the shape {given.train.x.shape[1:]}, "
                f"test samples {given.test.x.shape[1:]}"
            )
    prepared = _write(_divided(given, settings, where), given.classes, folder)
    if note is not None:
        with written_whole(note) as file:
            file.write(json.dumps({"path": prepared.path.name}).encode())
    return prepared


def _read(settings: Data, here: Path) -> Source:
    if settings.source == "digits":
        return formats.digits()
    given = formats.read(_path(settings.source, here), settings.target)
    if isinstance(settings.test, str):
        held = formats.read_test(_path(settings.test, here), settings.target, given.classes)
        given = Source(given.train, held, given.classes)
    return given


def opened(path: Path) -> Prepared:
    """What is known of prepared samples, from their file."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:  # pyright: ignore[reportUnknownVariableType]
        told: dict[str, Any] = json.loads(file.metadata()["gradbook"])  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        # Counted rather than told, for files that were prepared before anything asked for them.
        labels = {part: cast("NDArray[np.int64]", file.get_tensor(f"{part}.y")) for part in told["sizes"]}  # pyright: ignore[reportUnknownMemberType]
    classes = tuple(told["classes"])
    shares = {part: _shares(y, len(classes)) for part, y in labels.items()}
    return Prepared(path, told["fingerprint"], tuple(told["shape"]), classes, told["sizes"], shares)


def from_datasets(train: Any, test: Any = None) -> Source:
    """The samples of ``torch.utils.data.Dataset`` objects, of pairs of arrays, or of lists of samples."""
    first = _gathered(train, "training samples")
    second = _gathered(test, "test samples") if test is not None else None
    named = getattr(train, "classes", None)
    labels = np.concatenate([s.y for s in (first, second) if s is not None])
    if named is not None and len(labels) and labels.min() >= 0 and labels.max() < len(named):
        return Source(first, second, tuple(map(str, named)))
    return formats.numbered(first, second, "python")


def _gathered(dataset: Any, where: str) -> Samples:
    try:
        if isinstance(dataset, tuple) and len(cast("tuple[Any, ...]", dataset)) == 2:
            x, y = (_array(part) for part in cast("tuple[Any, ...]", dataset))
        else:
            held = cast("Any", dataset)
            pairs: list[tuple[Any, Any]] = [held[i] for i in range(len(held))]
            x = np.stack([_array(sample) for sample, _ in pairs])
            y = np.stack([_array(label) for _, label in pairs])
            for i in range(min(_ASKED_TWICE, len(pairs))):
                if not np.array_equal(_array(held[i][0]), x[i], equal_nan=x.dtype.kind == "f"):
                    raise StudyError(
                        f"{where}: sample {i} is another each time it is asked for; leave out what is random, "
                        'and ask for augment = ["flip", "crop"] in the table of the data'
                    )
    except (TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, StudyError):
            raise
        first = str(error).splitlines()[0]
        raise StudyError(
            f"{where}: expected a data set of (sample, class) pairs of one shape: {first}"
        ) from None
    if x.ndim < 2 or y.shape[:1] != x.shape[:1]:
        raise StudyError(f"{where}: expected samples and one class for each, found {x.shape} and {y.shape}")
    return Samples(formats.arranged(x, where), formats.whole(y, where))


def _array(given: Any) -> NDArray[Any]:
    """An array of what may be a tensor, on any device and of a type that NumPy lacks."""
    if hasattr(given, "detach"):
        given = given.detach().cpu()
        given = given.float() if given.dtype.is_floating_point else given
    return np.asarray(given)


def _path(source: str, here: Path) -> Path:
    path = Path(source).expanduser()
    return path if path.is_absolute() else here / path


def _signature(settings: Data, here: Path) -> str:
    """What the prepared samples depend on; a file that was written to since is another file."""
    seen: list[Any] = [_VERSION, settings.validation, settings.limit, settings.target, settings.test]
    for source in (settings.source, settings.test):
        if not isinstance(source, str) or source == "digits":
            seen.append(source)
            continue
        path = _path(source, here).resolve()
        # Nothing lies deeper than the images of a class of a part.
        levels = ("*", "*/*", "*/*/*") if path.is_dir() else ()
        files = sorted(file for level in levels for file in path.glob(level)) or [path]
        stats = [(str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in files if f.is_file()]
        seen.append([str(path), hashlib.sha256(repr(stats).encode()).hexdigest()])
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:24]


def _known(note: Path, folder: Path) -> Prepared | None:
    try:
        return opened(folder / json.loads(note.read_bytes())["path"])
    except Exception:  # noqa: BLE001 - whatever is wrong with what was kept, it can be made again
        return None


def _check(samples: Samples, classes: tuple[str, ...], where: str) -> None:
    if len(samples.x) != len(samples.y):
        raise StudyError(f"{where}: {len(samples.x)} samples, but {len(samples.y)} classes")
    if not len(samples.y):
        raise StudyError(f"{where}: expected samples, found none")
    if len(classes) < 2:
        raise StudyError(f"{where}: expected at least two classes, found {len(classes)}")
    if samples.y.max() >= len(classes):
        raise StudyError(f"{where}: expected classes below {len(classes)}, found {samples.y.max()}")
    counts = np.bincount(samples.y, minlength=len(classes))
    if missing := [name for name, count in zip(classes, counts, strict=True) if not count]:
        raise StudyError(f"{where}: no sample of the class {', '.join(missing[:5])}")
    if samples.x.dtype != np.uint8 and not np.isfinite(samples.x).all():
        sample = int(np.argwhere(~np.isfinite(samples.x))[0][0])
        raise StudyError(
            f"{where}: sample {sample} has a value that is not a finite number (of 32 bits); mend or drop it"
        )


def _divided(source: Source, settings: Data, where: str) -> dict[str, Samples]:
    generator = np.random.default_rng(_DIVISION_SEED)
    train, test = source.train, source.test
    if test is None:
        if isinstance(settings.test, str) or settings.test == 0:
            raise StudyError(f"{where}: has no test set; say test = 0.2, or where one is")
        train, test = _apart(train, settings.test, generator, f"{where}: test")
    if settings.limit is not None and settings.limit < len(train.y):
        part = settings.limit / len(train.y)
        train = _apart(train, part, generator, f"{where}: limit", exact=settings.limit)[1]
        test = _apart(test, part, generator, f"{where}: limit")[1]
    if settings.validation == 0:
        return {"train": train, "test": test}
    train, validation = _apart(train, settings.validation, generator, f"{where}: validation")
    return {"train": train, "validation": validation, "test": test}


def _apart(
    samples: Samples, part: float, generator: np.random.Generator, where: str, exact: int | None = None
) -> tuple[Samples, Samples]:
    """The samples in two, each class in the same proportion (largest remainders make up the total)."""
    total = exact or round(part * len(samples.y))
    counts = np.bincount(samples.y)
    shares = counts * (total / len(samples.y))
    taken = np.floor(shares).astype(int)
    for label in np.argsort(-(shares - taken), kind="stable")[: total - taken.sum()]:
        taken[label] += 1
    if exact is not None and (taken == 0).any():
        raise StudyError(f"{where}: {exact} samples are too few for {len(counts)} classes; take more")
    if (taken == 0).any() or (exact is None and (taken >= counts).any()):
        raise StudyError(
            f"{where}: {len(samples.y)} samples are too few to set {part:.3g} of every class aside; take more"
        )
    chosen: list[NDArray[np.int64]] = []
    for label, count in enumerate(taken):
        chosen.append(generator.permutation(np.flatnonzero(samples.y == label))[:count])
    second = np.sort(np.concatenate(chosen))
    first = np.setdiff1d(np.arange(len(samples.y)), second)
    return Samples(samples.x[first], samples.y[first]), Samples(samples.x[second], samples.y[second])


def _write(parts: Mapping[str, Samples], classes: tuple[str, ...], folder: Path) -> Prepared:
    from safetensors.numpy import save

    x = parts["train"].x
    axes = (0, 2, 3) if x.ndim == 4 else (0,)
    mean, deviation = _moments(x, axes)
    arrays: dict[str, NDArray[Any]] = {"mean": mean, "deviation": deviation}
    for name, samples in parts.items():
        arrays[f"{name}.x"] = np.ascontiguousarray(samples.x)
        arrays[f"{name}.y"] = samples.y
    digest = hashlib.sha256(json.dumps(list(classes)).encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    fingerprint = digest.hexdigest()[:32]
    sizes = {name: len(samples.y) for name, samples in parts.items()}
    told = {
        "fingerprint": fingerprint,
        "shape": list(x.shape[1:]),
        "classes": list(classes),
        "sizes": sizes,
    }
    path = folder / f"{fingerprint}.safetensors"
    if not path.exists():
        with written_whole(path) as file:
            file.write(save(arrays, metadata={"gradbook": json.dumps(told)}))
    shares = {name: _shares(samples.y, len(classes)) for name, samples in parts.items()}
    return Prepared(path, fingerprint, tuple(x.shape[1:]), classes, sizes, shares)


def _shares(y: NDArray[np.int64], classes: int) -> tuple[float, ...]:
    """The share of each class."""
    return tuple((np.bincount(y, minlength=classes) / len(y)).tolist())


def _moments(x: NDArray[Any], axes: tuple[int, ...]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and deviation of each channel or feature, in pieces: the whole in float64 could be gigabytes."""
    pieces = (x[start : start + 4096].astype(np.float64) for start in range(0, len(x), 4096))
    count, total, squares = 0, np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for piece in pieces:
        count += piece.size // x.shape[1]
        total += piece.sum(axis=axes)
        squares += (piece**2).sum(axis=axes)
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean**2, 0))
    # A channel or feature that never changes is left as it is, moved to zero.
    deviation[deviation < 1e-12 * np.maximum(1, np.abs(mean))] = 1
    return mean.astype(np.float32), deviation.astype(np.float32)
