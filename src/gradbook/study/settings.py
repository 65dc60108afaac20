"""All that decides a trial but for its seed: data, model and training, each setting with its default and reader."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, cast

from gradbook.study import reading
from gradbook.study.problem import StudyError
from gradbook.study.reading import Reader

AUGMENTATIONS = ("flip", "crop")
OPTIMIZERS = ("sgd", "adam", "adamw")
DECAYS = ("coupled", "decoupled")
PRECISIONS = ("fp32", "bf16")


def _setting(default: Any, read: Reader) -> Any:
    return field(default_factory=lambda: default, metadata={"read": read})


@dataclass(frozen=True, slots=True)
class Data:
    """Where the samples come from and how they are divided.

    ``source`` is ``"digits"`` or a path; ``test`` a path, or the share of the samples that is set aside where
    the source has no test set; ``validation`` the share of the training samples on which choices are made;
    ``limit`` keeps only so many training samples (and as large a share of the test samples).
    """

    source: str = _setting("digits", reading.text)
    test: float | str = _setting(0.2, reading.either(reading.text, reading.share))
    validation: float = _setting(0.1, reading.share)
    target: str | None = _setting(None, reading.text)
    limit: int | None = _setting(None, reading.whole(1))
    augment: tuple[str, ...] = _setting((), reading.names(AUGMENTATIONS))


@dataclass(frozen=True, slots=True)
class Training:
    r"""How a model is trained.

    ``weight_decay`` $\lambda$ is what the optimiser does to the weights: coupled, it adds $\lambda w$ to the
    gradient; decoupled, it subtracts $\eta\lambda w$ from the weights beside the step. ``l1_penalty`` and
    ``l2_penalty`` are terms of the loss, $\lambda\sum|w|$ and $\lambda\sum w^2$. What ``no_decay`` names
    (``"bias"``, ``"norm"``, or a pattern of parameter names) is excepted from all three.
    """

    epochs: int = _setting(30, reading.whole(1))
    batch_size: int = _setting(64, reading.whole(1))
    optimizer: str = _setting("sgd", reading.one_of(OPTIMIZERS))
    learning_rate: float = _setting(0.05, reading.number(above=0))
    momentum: float = _setting(0.9, reading.number(least=0, below=1))
    nesterov: bool = _setting(False, reading.truth)
    betas: tuple[float, ...] = _setting((0.9, 0.999), reading.pair_of_shares)
    eps: float = _setting(1e-8, reading.number(above=0))
    weight_decay: float = _setting(0.0, reading.number(least=0))
    decay: str | None = _setting(None, reading.one_of(DECAYS))
    no_decay: tuple[str, ...] = _setting((), reading.texts)
    l1_penalty: float = _setting(0.0, reading.number(least=0))
    l2_penalty: float = _setting(0.0, reading.number(least=0))
    label_smoothing: float = _setting(0.0, reading.number(least=0, below=1))
    schedule: Mapping[str, Any] = _setting({"kind": "constant"}, reading.schedule)
    precision: str = _setting("fp32", reading.one_of(PRECISIONS))

    @property
    def decoupled(self) -> bool:
        """Whether decay acts on the weights beside the step; AdamW is Adam with that."""
        return self.decay == "decoupled" or (self.decay is None and self.optimizer == "adamw")


@dataclass(frozen=True, slots=True)
class Model:
    """A built-in (``mlp``, ``cnn``, ``resnet``) or ``package.module:Class``, with its arguments."""

    kind: str = "mlp"
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])


#: What the built-in models take.
BUILT_IN: Mapping[str, Mapping[str, Reader]] = {
    "mlp": {
        "hidden": reading.wholes,
        "activation": reading.one_of(reading.ACTIVATIONS),
        "dropout": reading.number(least=0, below=1),
        "batch_norm": reading.truth,
    },
    "cnn": {
        "channels": reading.wholes_and("pool"),
        "hidden": reading.wholes,
        "activation": reading.one_of(reading.ACTIVATIONS),
        "dropout": reading.number(least=0, below=1),
        "batch_norm": reading.truth,
    },
    "resnet": {
        "width": reading.whole(1),
        "blocks": reading.wholes,
        "dropout": reading.number(least=0, below=1),
    },
}


@dataclass(frozen=True, slots=True)
class Settings:
    """All that decides a trial, but for its seed."""

    data: Data = field(default_factory=Data)
    model: Model = field(default_factory=Model)
    training: Training = field(default_factory=Training)

    def flat(self) -> dict[str, Any]:
        """Every setting by its name; a model's arguments are called ``model.hidden`` and so on.

        >>> Settings().flat()["learning_rate"]
        0.05
        """
        data = {f"data.{name}": value for name, value in _plain(self.data).items() if name != "augment"}
        model = {f"model.{name}": as_json(value) for name, value in sorted(self.model.arguments.items())}
        return {
            **data,
            "augment": list(self.data.augment),
            "model": self.model.kind,
            **model,
            **_plain(self.training),
            "decay": DECAYS[self.training.decoupled],
        }

    def key(self, fingerprint: str, code: str = "") -> str:
        """What tells this configuration from every other: a hash over the settings and over the data itself.

        Where the data lie does not matter, only what they are; ``fingerprint`` is the hash of the prepared
        samples, which depends on the division too. ``code`` is the hash of the file of a model of one's own.

        >>> Settings().key("a") == Settings(Data(source="elsewhere/digits")).key("a")
        True
        """
        decisive = {k: v for k, v in self.flat().items() if not k.startswith("data.")}
        told = {"code": code} if code else {}
        text = json.dumps({"data": fingerprint, **told, **decisive}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def to_json(self) -> dict[str, Any]:
        """The settings as tables, the way a file writes them."""
        return {
            "data": _written(self.data),
            "model": {"kind": self.model.kind, **as_json(self.model.arguments)},
            "training": _written(self.training),
        }


def spoken(value: Any) -> str:
    """A value as people write it.

    >>> spoken(0.0005), spoken({"kind": "cosine"}), spoken(["flip"])
    ('0.0005', 'cosine', '[flip]')
    """
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case Mapping():
            table = cast("Mapping[str, Any]", value)
            rest = [f"{k}={spoken(v)}" for k, v in table.items() if k != "kind"]
            kind = [str(table["kind"])] if "kind" in table else []
            return " ".join(kind + rest)
        case list() | tuple():
            items = cast("list[Any]", value)
            return "[" + ", ".join(spoken(v) for v in items) + "]"
        case _:
            return str(value)


def names_of(kind: type[Any]) -> tuple[str, ...]:
    """The settings of a kind, in order."""
    return tuple(f.name for f in fields(kind))


def readers_of(kind: type[Any]) -> dict[str, Reader]:
    """The reader of each setting of a kind."""
    return {f.name: f.metadata["read"] for f in fields(kind)}


def _plain(settings: object) -> dict[str, Any]:
    return {name: as_json(getattr(settings, name)) for name in names_of(type(settings))}


def _written(settings: Any) -> dict[str, Any]:
    # TOML has no null: what is not set is not written.
    return {name: value for name, value in _plain(settings).items() if value is not None}


def as_json(value: Any) -> Any:
    """A value as JSON gives it back, so that what is recorded compares equal to what was written."""
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError):
        raise StudyError(f"expected text, numbers, lists or tables in a study, found {value!r}") from None
