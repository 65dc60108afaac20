"""A function of tensors, recorded once as the plain operations that it comes to, and played back without the rest.

``torch.func`` transforms cost several times what they transform when tensors are small. What reaches the kernels
is a plain list of operations, the same for every call with the same shapes. (``make_fx`` records it too, and
imports a compiler for 1.5 s to do so.)
"""

# PyTorch's types are partial: what is unknown about its members is allowed here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode  # the documented way to see operations as they run
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten  # pyright: ignore[reportUnknownVariableType]


@dataclass(frozen=True, slots=True)
class _Slot:
    """The place of a tensor in the memory of a recording."""

    number: int


@dataclass(slots=True)
class _Call:
    operation: Callable[..., Any]
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    results: tuple[int, ...]
    one: bool
    forget: tuple[int, ...] = ()


class Recording:
    """What a function does to tensors of certain shapes.

    The function must do the same operations whatever the values are, and draw no random numbers. Tensors that it
    takes from elsewhere are read where they are at every call: they may change in place, and views of them are made
    once.

    >>> double = Recording(lambda x: x + x, torch.ones(2))
    >>> double(torch.tensor([1.0, 4.0]))
    tensor([2., 8.])
    """

    def __init__(self, function: Callable[..., Any], *given: Any) -> None:
        inputs, self._shape = tree_flatten(given)
        recorder = _Recorder(inputs)
        with torch.no_grad(), recorder:
            result = function(*given)
        self._inputs = len(inputs)
        outputs, self._result = tree_flatten(tree_map(recorder.template, result))
        self._outputs: list[Any] = outputs
        self._calls = list(_needed(recorder.calls, self._outputs))
        self._memory: list[Any] = [None] * recorder.count

    def __len__(self) -> int:
        return len(self._calls)

    def __call__(self, *given: Any) -> Any:
        """What the function would give."""
        memory = self._memory
        memory[: self._inputs] = tree_flatten(given)[0]
        with torch.no_grad():
            for call in self._calls:
                arguments = [_filled(a, memory) for a in call.arguments]
                options = {k: _filled(a, memory) for k, a in call.options.items()} if call.options else {}
                result = call.operation(*arguments, **options)
                if call.one:
                    memory[call.results[0]] = result
                else:
                    for place, value in zip(call.results, result, strict=True):
                        memory[place] = value
                for place in call.forget:
                    memory[place] = None
        found = [_filled(output, memory) for output in self._outputs]
        for place in range(len(memory)):
            memory[place] = None
        return tree_unflatten(found, self._result)


class Captured:
    """A function of tensors on a GPU, captured as a CUDA graph: one launch instead of one for each operation.

    It must do the same whatever the values are. ``changed`` are the tensors that it changes in place: running it
    to warm up leaves them as they were. Raises RuntimeError if it cannot be captured.
    """

    def __init__(
        self, function: Callable[..., Any], given: Sequence[torch.Tensor], changed: Sequence[torch.Tensor]
    ) -> None:
        self._given = tuple(value.clone() for value in given)
        kept = [value.clone() for value in changed]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        try:
            with torch.cuda.stream(stream):
                for _ in range(2):
                    function(*self._given)
        finally:
            torch.cuda.current_stream().wait_stream(stream)
            for value, before in zip(changed, kept, strict=True):
                value.copy_(before)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._result = function(*self._given)

    def __call__(self, *given: torch.Tensor) -> Any:
        """What the function would give; the next call overwrites it."""
        for held, value in zip(self._given, given, strict=True):
            held.copy_(value)
        self._graph.replay()
        return self._result


class _Recorder(TorchDispatchMode):
    """Writes down every operation that runs, with the slots of the tensors that it takes and gives."""

    def __init__(self, inputs: Sequence[Any]) -> None:
        super().__init__()
        self.calls: list[_Call] = []
        self.count = 0
        self._slots: dict[int, int] = {}
        self._alive: list[Any] = []  # a tensor that is gone would leave its number to another one
        for value in inputs:
            self._slot(value)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # To have the recorder skipped by a compiler that is not in use would import that compiler.
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        options = dict(kwargs or {})
        arguments = tuple(self.template(a) for a in args)
        told = {name: self.template(a) for name, a in options.items()}
        result = func(*args, **options)
        one = isinstance(result, torch.Tensor)
        if _is_view(func) and one:
            taken = args[0]
            if not list(_slots([arguments, list(told.values())])):
                self._alive.append(result)  # it looks at memory that is there before the call, and stays
                return result
            if (
                result.shape == taken.shape
                and result.stride() == taken.stride()
                and _starts_alike(result, taken)
            ):
                self._slots[id(result)] = self._slots[id(taken)]
                self._alive.append(result)
                return result
        given = (result,) if one else tuple(result) if isinstance(result, list | tuple) else ()
        self.calls.append(_Call(func, arguments, told, tuple(self._slot(r) for r in given), one))
        return result

    def template(self, value: Any) -> Any:
        """A value with slots for the tensors in it; a tensor from outside stays itself."""
        if isinstance(value, torch.Tensor):
            place = self._slots.get(id(value))
            return value if place is None else _Slot(place)
        if isinstance(value, list | tuple):
            items: list[Any] = [self.template(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
            return items
        return value

    def _slot(self, value: Any) -> int:
        self._alive.append(value)
        self._slots[id(value)] = self.count
        self.count += 1
        return self.count - 1


def _is_view(func: Any) -> bool:
    """Whether an operation only looks at its argument in another way."""
    schema = func._schema
    if schema.name == "aten::_unsafe_view":
        return True
    aliases = [r.alias_info for r in schema.returns]
    return bool(aliases) and all(a is not None and not a.is_write for a in aliases)


def _starts_alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.storage_offset() == other.storage_offset() and one.dtype == other.dtype


def _filled(value: Any, memory: Sequence[Any]) -> Any:
    kind = type(value)
    if kind is _Slot:
        return memory[value.number]
    if kind is list:
        return [_filled(v, memory) for v in value]
    return value


def _needed(calls: Sequence[_Call], outputs: Sequence[Any]) -> Iterator[_Call]:
    """The calls that the outputs depend on, each with the slots that nobody reads after it."""
    read = {slot.number for slot in _slots(outputs)}
    kept: list[_Call] = []
    for call in reversed(calls):
        mutates = call.operation._schema.is_mutable  # pyright: ignore[reportFunctionMemberAccess]
        if not mutates and not read.intersection(call.results):
            continue
        taken = {slot.number for slot in _slots([call.arguments, list(call.options.values())])}
        call.forget = tuple(sorted((taken | set(call.results)) - read))
        read |= taken
        kept.append(call)
    return reversed(kept)


def _slots(value: Any) -> Iterator[_Slot]:
    if isinstance(value, _Slot):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _slots(item)
