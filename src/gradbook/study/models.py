"""Models: three small built-ins, and any ``nn.Module`` by name."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from gradbook.study import randomness
from gradbook.study.problem import StudyError
from gradbook.study.settings import Model

#: Whether models that are named by module or file may be imported, which runs their code. A process that trains what a
#: document asks for sets it to False.
own_code = True

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "elu": nn.ELU,
    "leaky_relu": nn.LeakyReLU,
}


def build(model: Model, shape: Sequence[int], classes: int, seed: int, here: Path | None = None) -> nn.Module:
    """The model with the initial weights of a seed, for samples of a shape.

    ``here`` is the folder where a ``file.py:Class`` and modules beside the study are looked for.

    Raises StudyError where there is no such class, or it does not take its arguments.
    """
    maker = _BUILT_IN.get(model.kind) or _imported(model.kind, here)
    known = _parameters(maker)
    offered = {"shape": tuple(shape), "input_shape": tuple(shape), "classes": classes, "num_classes": classes}
    arguments = {**{k: v for k, v in offered.items() if k in known}, **model.arguments}
    randomness.start(seed, "weights")
    try:
        built = maker(**arguments)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a model of one's own may raise anything
        raise StudyError(f"[model] {model.kind} cannot be made with {arguments}: {_told(error)}") from None
    if not isinstance(built, nn.Module):
        raise StudyError(f"[model] {model.kind} gives a {type(built).__name__}, not a torch.nn.Module")
    if any(map(is_lazy, (*built.parameters(), *built.buffers()))):
        _scores(built, shape, model.kind)  # which makes the weights whose size was left open
    return built


def try_out(model: nn.Module, shape: Sequence[int], classes: int, name: str) -> None:
    """See that a model takes a batch, gives a number for each class, and has something to train and to keep.

    Raises StudyError if not.
    """
    given = _scores(model, shape, name)
    if not isinstance(given, torch.Tensor) or given.shape != (2, classes):
        found = tuple(given.shape) if isinstance(given, torch.Tensor) else type(given).__name__
        raise StudyError(f"[model] {name}: expected (batch, {classes}) for {classes} classes, found {found}")
    if not any(p.requires_grad for p in model.parameters()):
        raise StudyError(f"[model] {name}: expected parameters to train, found none that requires a gradient")
    if any(type(m).get_extra_state is not nn.Module.get_extra_state for m in model.modules()):
        raise StudyError(
            f"[model] {name}: has get_extra_state; what a model remembers must be in its buffers"
        )


def _scores(model: nn.Module, shape: Sequence[int], name: str) -> Any:
    """What a model gives, in evaluation, for a batch of two samples."""
    was = model.training
    model.eval()
    try:
        with torch.no_grad():
            return model(torch.zeros(2, *shape))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a model of one's own may raise anything
        raise StudyError(
            f"[model] {name} does not take samples of the shape {tuple(shape)}: {_told(error)}"
        ) from None
    finally:
        model.train(was)


def mlp(
    shape: Sequence[int],
    classes: int,
    hidden: Sequence[int] = (64, 64),
    activation: str = "relu",
    dropout: float = 0.0,
    batch_norm: bool = False,
) -> nn.Module:
    """Linear layers with an activation between them, on flattened samples.

    >>> mlp((1, 8, 8), 10)(torch.zeros(3, 1, 8, 8)).shape
    torch.Size([3, 10])
    """
    width = int(torch.Size(shape).numel())
    layers: list[nn.Module] = [nn.Flatten()] if len(shape) > 1 else []
    layers += _dense(width, hidden, activation, dropout, batch_norm)
    return nn.Sequential(*layers, nn.Linear(hidden[-1] if hidden else width, classes))


def cnn(
    shape: Sequence[int],
    classes: int,
    channels: Sequence[int | str] = (32, 32, "pool", 64, 64, "pool"),
    hidden: Sequence[int] = (512,),
    activation: str = "relu",
    dropout: float = 0.0,
    batch_norm: bool = False,
) -> nn.Module:
    """3 × 3 convolutions and poolings as listed, then linear layers; after each convolution the activation.

    An activation that only rises may as well come after the pooling: the same numbers and the same gradients, to the
    bit, for a quarter of the work.

    >>> cnn((3, 32, 32), 10)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """
    depth, *sides = _image(shape)
    layers: list[nn.Module] = []
    for item in channels:
        if isinstance(item, str):
            pool = nn.MaxPool2d(2)
            if layers and isinstance(layers[-1], nn.ReLU):
                layers.insert(-1, pool)
            else:
                layers.append(pool)
            sides = [side // 2 for side in sides]
            continue
        layers.append(nn.Conv2d(depth, item, 3, padding=1, bias=not batch_norm))
        layers += [nn.BatchNorm2d(item)] if batch_norm else []
        # In place: what a convolution or a norm gives is not needed for its gradient.
        layers.append(nn.ReLU(inplace=True) if activation == "relu" else _ACTIVATIONS[activation]())
        depth = item
    width = depth * sides[0] * sides[1]
    if not width:
        raise ValueError(f"more poolings than {shape[1]} × {shape[2]} pixels allow")
    layers.append(nn.Flatten())
    layers += _dense(width, hidden, activation, dropout, batch_norm)
    return nn.Sequential(*layers, nn.Linear(hidden[-1] if hidden else width, classes))


class Block(nn.Module):
    """Two 3 × 3 convolutions beside a shortcut: relu(F(x) + x)."""

    def __init__(self, depth: int, width: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(depth, width, 3, stride, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            *([nn.Dropout(dropout)] if dropout else []),
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
        )
        same = depth == width and stride == 1
        self.shortcut = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(depth, width, 1, stride, bias=False), nn.BatchNorm2d(width))
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The block's output; half the size where it strides."""
        return torch.relu(self.body(x) + self.shortcut(x))


def resnet(
    shape: Sequence[int],
    classes: int,
    width: int = 16,
    blocks: Sequence[int] = (2, 2, 2),
    dropout: float = 0.0,
) -> nn.Module:
    """A residual network for small images (He et al. 2016, section 4.2); each stage halves and doubles.

    >>> resnet((3, 32, 32), 10, blocks=[1, 1])(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """
    depth = _image(shape)[0]
    layers: list[nn.Module] = [
        nn.Conv2d(depth, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    ]
    depth = width
    for stage, count in enumerate(blocks):
        for block in range(count):
            layers.append(Block(depth, width << stage, 2 if stage and not block else 1, dropout))
            depth = width << stage
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(depth, classes))


_BUILT_IN: dict[str, Callable[..., Any]] = {"mlp": mlp, "cnn": cnn, "resnet": resnet}


def _dense(
    width: int, hidden: Sequence[int], activation: str, dropout: float, batch_norm: bool
) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for size in hidden:
        layers.append(nn.Linear(width, size))
        layers += [nn.BatchNorm1d(size)] if batch_norm else []
        layers.append(_ACTIVATIONS[activation]())
        layers += [nn.Dropout(dropout)] if dropout else []
        width = size
    return layers


def _image(shape: Sequence[int]) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise ValueError(f"it needs images, and the samples have the shape {tuple(shape)}")
    depth, height, width = shape
    return depth, height, width


def _imported(kind: str, here: Path | None) -> Callable[..., Any]:
    if not own_code:
        raise StudyError(f"[model] kind: {kind} is code, which a document may not run by itself")
    module_name, _, name = kind.rpartition(":")
    folder = here or Path()
    if str(folder.resolve()) not in sys.path:
        sys.path.insert(0, str(folder.resolve()))
    try:
        module = (
            _from_file(folder / module_name)
            if module_name.endswith(".py")
            else importlib.import_module(module_name)
        )
        found: Any = module
        for part in name.split("."):
            found = getattr(found, part)
    except StudyError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the code of a file may raise anything
        raise StudyError(f"[model] kind: {kind} cannot be imported: {_told(error)}") from None
    if not callable(found):
        raise StudyError(f"[model] kind: {kind} is not a class")
    return found


def _from_file(path: Path) -> Any:
    known = sys.modules.get(f"gradbook_model_{path.stem}")
    if known is not None and known.__file__ == str(path.resolve()):
        return known
    spec = importlib.util.spec_from_file_location(f"gradbook_model_{path.stem}", path.resolve())
    if spec is None or spec.loader is None:
        raise ImportError(f"no Python file at {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]  # half a module would be found the next time
        raise
    return module


def _parameters(maker: Callable[..., Any]) -> frozenset[str]:
    try:
        return frozenset(inspect.signature(maker).parameters)
    except (TypeError, ValueError):
        return frozenset()


def _told(error: BaseException) -> str:
    """What an error says, in one line, with the place in somebody's own code where it came up."""
    lines = str(error).strip().splitlines()
    told = lines[0] if lines else ""
    if type(error) not in (TypeError, ValueError, RuntimeError):
        told = f"{type(error).__name__}: {told}" if told else type(error).__name__
    others = ("<", *(str(Path(file).parent) for file in (torch.__file__, inspect.__file__, __file__)))
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(others)]
    return f"{told} ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else told
