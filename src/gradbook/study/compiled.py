"""A step of a stack as one program, compiled ahead of time for this machine's processor.

Recording removes PyTorch's machinery from a step; what is left is a list of operations, each with the cost of a call.
A compiler makes a few loops of them: on small models a step takes half the time or less. It takes a C++ compiler and
about ten seconds for each shape of stack, so that it is for long studies; the plan decides.
"""

# PyTorch's types are partial: what is unknown about its members is allowed here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

Program = Callable[..., Any]


class CompileError(RuntimeError):
    """A step could not be compiled here."""


def available() -> bool:
    """Whether there is a compiler that PyTorch would call."""
    usual = "cl" if sys.platform == "win32" else "clang++" if sys.platform == "darwin" else "g++"
    return shutil.which(os.environ.get("CXX", usual)) is not None


def keep_in(folder: Path) -> None:
    """Keep compiled programs in a folder, for processes that are forked from this one to share.

    Programs are native code: the folder must be this user's alone.
    """
    _kept.append(folder)


def program(
    name: str, function: Callable[..., Any], given: Sequence[torch.Tensor], threads: int = 1
) -> Program:
    """What a function does to tensors of the shapes of ``given``, compiled; it may change them in place.

    ``name`` stands for all that the program depends on beside the shapes: one that was compiled under it before is
    used again. The function must do the same operations whatever the values are, draw no random numbers, and take
    all tensors as arguments.

    Raises CompileError where there is no compiler, or PyTorch cannot put the function into a program.
    """
    shapes = [(tuple(value.shape), value.stride(), str(value.dtype)) for value in given]
    key = hashlib.sha256(repr((name, shapes, threads, torch.__version__)).encode()).hexdigest()[:32]
    path = _folder() / f"{key}.so"
    try:
        if not path.exists():
            _compile(function, tuple(given), threads, path)
        # What torch._inductor.aoti_load_package comes to, without 2 s of imports that only compiling needs, and
        # without a copy in the system's temporary folder that a process which is killed leaves behind.
        loaded: Any = torch._C._aoti.AOTIModelContainerRunnerCpu(str(path), 1)  # pyright: ignore
    except Exception as error:  # a compiler and all of PyTorch's tracing may fail in any way
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise CompileError(f"a step could not be compiled: {first}") from error

    def run(*tensors: torch.Tensor) -> Any:
        return loaded.run(list(tensors))

    return run


def _compile(function: Callable[..., Any], given: tuple[torch.Tensor, ...], threads: int, path: Path) -> None:
    from torch.fx.experimental.proxy_tensor import make_fx

    with torch.no_grad(), warnings.catch_warnings(), tempfile.TemporaryDirectory(dir=path.parent) as room:
        warnings.simplefilter("ignore")
        # First to plain operations, which export takes; it does not see through the gradient of a map over models.
        plain = make_fx(function)(*given)
        taken = [name for name, _ in (*plain.named_parameters(), *plain.named_buffers())]
        if taken:
            raise CompileError(f"it takes tensors that are no arguments: {', '.join(taken)}")
        exported = torch.export.export(plain, given, strict=False)
        made = torch._inductor.aoti_compile_and_package(  # pyright: ignore[reportPrivateUsage]
            exported, package_path=f"{room}/program.pt2", inductor_configs={"cpp.threads": threads}
        )
        with zipfile.ZipFile(made) as package:
            (library,) = (name for name in package.namelist() if name.endswith((".so", ".pyd", ".dylib")))
            os.replace(package.extract(library, room), path)


_kept: list[Path] = []


def _folder() -> Path:
    return _kept[-1] if _kept else Path(_own().name)


@functools.cache
def _own() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="gradbook-")
