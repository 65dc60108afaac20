"""Networks from TOML: every number is kept as it was written, every complaint names the entry it is about.

>>> parse('layers = [2, 1]')
Traceback (most recent call last):
...
gradbook.network.network.NetworkError: weights: missing; expected a table of the 2 weights, ...
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar, cast

from gradbook.derivation.catalogue import Entry, Kind, UnknownName, find
from gradbook.network.functions import Activation, Constants, Loss
from gradbook.network.names import Names, Scheme
from gradbook.network.network import (
    MAX_LAYERS,
    MAX_SAMPLES,
    MAX_STEPS,
    MAX_UNITS,
    Batch,
    Biases,
    Layer,
    Method,
    Network,
    NetworkError,
    Optimiser,
    Sample,
)
from gradbook.symbolic.expr import ONE, Number, Symbol, number

#: Losses that need more than a prediction and a target.
_OTHER_LOSSES = {"gaussian-nll": "a variance", "triplet": "two more vectors"}
#: Letters for activations that mathematics has no name for.
_FUNCTION_LETTERS = (r"\phi", r"\psi", r"\chi", r"\rho", r"\xi", r"\zeta", r"\kappa", r"\tau")
#: Largest power of ten and most digits of a number that is worked with by hand.
_MAX_POWER, _MAX_DIGITS = 30, 60
#: Size of a file beyond which nothing is read.
_MAX_BYTES = 1_000_000

_TOP = ("title", "names", "layers", "activations", "loss", "batch", "fixed", "steps", "weights", "biases",
        "samples", "optimiser")  # fmt: skip
_OPTIMISER = (
    "method",
    "learning_rate",
    "momentum",
    "beta1",
    "beta2",
    "epsilon",
    "l2_penalty",
    "weight_decay",
)
_OF_METHOD = {"momentum": Method.MOMENTUM, "beta1": Method.ADAM, "beta2": Method.ADAM, "epsilon": Method.ADAM}

_E = TypeVar("_E", bound=Enum)


def load(path: str | Path) -> Network:
    """The network that a TOML file describes.

    Raises:
        NetworkError: it cannot be read or describes none; the message starts with the path.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise NetworkError(f"larger than {_MAX_BYTES // 1_000_000} MB; expected a small network")
        return parse(data.decode("utf-8-sig"))
    except OSError as error:
        raise NetworkError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    except UnicodeDecodeError:
        raise NetworkError(f"{path}: not a text in UTF-8; expected a TOML file") from None
    except NetworkError as error:
        raise NetworkError(f"{path}: {error}") from None


def parse(text: str) -> Network:
    """The network that a TOML text describes; raises NetworkError."""
    try:
        data = tomllib.loads(text, parse_float=str)
    except tomllib.TOMLDecodeError as error:
        raise NetworkError(f"not TOML: {error}") from None
    except (ValueError, RecursionError):
        raise NetworkError("not TOML that can be read: a number or a nesting is too large") from None
    return _Reader(data).network()


class _Reader:
    """One file, entry by entry."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data

    def network(self) -> Network:
        data = self.data
        _only(data, _TOP, "")
        scheme = _choice(data.get("names", "textbook"), Scheme, "names")
        sizes = self._sizes()
        names = Names(scheme, sizes)
        activations = self._activations(len(sizes) - 1)
        weights = self._weights(names)
        biases = self._biases(names)
        samples = self._samples(sizes)
        loss = self._loss()
        steps = _count(data.get("steps", 1), "steps", MAX_STEPS)
        if len(samples) > 1 and "batch" not in data:
            raise NetworkError(
                f'batch: missing; with {len(samples)} samples, say batch = "mean" or batch = "sum"'
            )
        batch = _choice(data.get("batch", "mean"), Batch, "batch")
        title = data.get("title", "")
        if not isinstance(title, str) or any(not c.isprintable() for c in title) or len(title) > 200:
            raise NetworkError(f"title: expected one line of text, found {_shown(title)}")
        layers = tuple(Layer(w, b, a) for w, b, a in zip(weights, biases, activations, strict=True))
        network = Network(layers, samples, loss, self._optimiser(), scheme, batch, frozenset(), steps, title)
        return Network(
            layers, samples, loss, network.optimiser, scheme, batch, self._fixed(network), steps, title
        )

    # --- shape ----------------------------------------------------------------------------------

    def _sizes(self) -> tuple[int, ...]:
        found = cast("object", self.data.get("layers"))
        sizes = cast("list[Any]", found) if _is_list(found) else []
        if len(sizes) < 2:
            raise NetworkError(
                f"layers: expected the numbers of units, such as [3, 2, 1], found {_shown(found)}"
            )
        if len(sizes) > MAX_LAYERS + 1:
            raise NetworkError(f"layers: expected {MAX_LAYERS} layers at most, found {len(sizes) - 1}")
        return tuple(_count(size, f"layers[{k}]", MAX_UNITS) for k, size in enumerate(sizes))

    def _activations(self, layers: int) -> tuple[Activation, ...]:
        asked = self.data.get("activations", "identity")
        several = isinstance(asked, list)
        items = cast("list[Any]", asked) if several else [asked] * layers
        if len(items) != layers:
            raise NetworkError(f"activations: expected {layers}, one a layer, found {len(items)}")
        letters = iter(_FUNCTION_LETTERS)
        known: dict[tuple[Entry, Constants], Activation] = {}
        found: list[Activation] = []
        for k, item in enumerate(items):
            where = f"activations[{k}]" if several else "activations"
            entry, constants, rest = self._entry(item, Kind.ACTIVATION, where)
            _only(rest, (), where)
            key = (entry, constants)
            if key not in known:
                plain = Activation(entry, constants)
                named = plain.is_identity or plain.is_vector or plain.has_macro
                if not named and (letter := next(letters, None)) is None:
                    raise NetworkError(f"{where}: more than {len(_FUNCTION_LETTERS)} different functions")
                known[key] = plain if named else Activation(entry, constants, letter)  # type: ignore[possibly-undefined]
            found.append(known[key])
        return tuple(found)

    def _loss(self) -> Loss:
        if "loss" not in self.data:
            raise NetworkError('loss: missing; expected a loss of the catalogue, such as "l2"')
        entry, constants, rest = self._entry(self.data["loss"], Kind.LOSS, "loss")
        if entry.name in _OTHER_LOSSES:
            raise NetworkError(
                f"loss: {entry.name} needs {_OTHER_LOSSES[entry.name]}; expected a loss of outputs and targets"
            )
        _only(rest, ("scale", "outputs"), "loss")
        scale = number(_ratio(rest["scale"], "loss.scale")) if "scale" in rest else ONE
        mean = _choice(rest.get("outputs", "sum"), Batch, "loss.outputs") is Batch.MEAN
        if mean and entry.vector:
            raise NetworkError(f"loss.outputs: {entry.name} is of all outputs at once; leave the entry out")
        return Loss(entry, constants, scale, mean)

    def _entry(self, item: object, kind: Kind, where: str) -> tuple[Entry, Constants, dict[str, Any]]:
        """A name of the catalogue, or a table with a name and constants; and what else is in the table."""
        table = dict(cast("dict[str, Any]", item)) if isinstance(item, dict) else {"name": item}
        name = table.pop("name", None)
        if not isinstance(name, str):
            raise NetworkError(f"{where}: expected the name of {_a(kind.value)}, found {_shown(name)}")
        try:
            entry = find(name, kind)
        except UnknownName as error:
            raise NetworkError(f"{where}: {error}") from None
        constants: list[tuple[str, Number]] = []
        for constant, usual in entry.constants:
            given = table.pop(constant, None)
            spelled = str(int(usual)) if usual == int(usual) else str(usual)
            value = number(spelled) if given is None else _number(given, f"{where}.{constant}")
            if f"{constant} > 0" in entry.conditions and value.value <= 0:
                raise NetworkError(f"{where}.{constant}: expected a number above 0, found {_shown(given)}")
            constants.append((constant, value))
        return entry, tuple(constants), table

    # --- numbers --------------------------------------------------------------------------------

    def _table(self, key: str) -> dict[str, object]:
        table = self.data.get(key, {})
        if not isinstance(table, dict):
            raise NetworkError(f"{key}: expected a table, found {_shown(table)}")
        return cast("dict[str, object]", table)

    def _weights(self, names: Names) -> tuple[tuple[tuple[Number, ...], ...], ...]:
        sizes = names.sizes
        places = {
            (k, j, i): names.weight(k, j, i)
            for k in range(1, len(sizes))
            for j in range(1, sizes[k] + 1)
            for i in range(1, sizes[k - 1] + 1)
        }
        if "weights" not in self.data:
            first, *_, last = (*places.values(), list(places.values())[-1])
            raise NetworkError(
                f"weights: missing; expected a table of the {len(places)} weights, "
                f"from {first.name} to {last.name}"
            )
        keys = {_canonical(symbol.name): place for place, symbol in places.items()}
        found: dict[tuple[int, int, int], Number] = {}
        item: object
        for entry, item in self._table("weights").items():
            where = f"weights.{entry}"
            layer = _matrix_layer(entry, "W", len(sizes) - 1) if _is_list(item) else None
            if layer is not None:
                values = {
                    (layer, *at): v for at, v in _matrix(item, sizes[layer], sizes[layer - 1], where).items()
                }
            elif (place := keys.get(_canonical(entry))) is not None:
                values = {place: _number(item, where)}
            else:
                raise NetworkError(
                    f"{where}: {_no_weight(entry, item, list(places.values()), len(sizes) - 1)}"
                )
            for place, value in values.items():
                if place in found:
                    raise NetworkError(f"{where}: {places[place].name} is given twice; leave one out")
                found[place] = value
        for place, symbol in places.items():
            if place not in found:
                raise NetworkError(f"weights.{_typed(symbol)}: missing; expected the weight {_leads(place)}")
        return tuple(
            tuple(tuple(found[k, j, i] for i in range(1, sizes[k - 1] + 1)) for j in range(1, sizes[k] + 1))
            for k in range(1, len(sizes))
        )

    def _biases(self, names: Names) -> tuple[Biases, ...]:
        sizes = names.sizes
        places = {(k, j): names.bias(k, j) for k in range(1, len(sizes)) for j in range(1, sizes[k] + 1)}
        keys = {_canonical(symbol.name): place for place, symbol in places.items()}
        found: dict[tuple[int, int], Number] = {}
        shared: dict[int, Number] = {}
        item: object
        for entry, item in self._table("biases").items():
            where = f"biases.{entry}"
            layer = _matrix_layer(entry, "bB", len(sizes) - 1)
            if layer is not None and _is_list(item):
                values = {(layer, j): v for j, v in enumerate(_row(item, sizes[layer], where), 1)}
            elif (place := keys.get(_canonical(entry))) is not None:
                values = {place: _number(item, where)}
            elif layer is not None:
                shared[layer] = _number(item, where)
                continue
            else:
                near = _nearest(entry, [_typed(s) for s in places.values()])
                raise NetworkError(f"{where}: no bias is called so; expected {near}, or b1 = […] for a layer")
            for place, value in values.items():
                if place in found:
                    raise NetworkError(f"{where}: {places[place].name} is given twice; leave one out")
                found[place] = value
        biases: list[Biases] = []
        for k in range(1, len(sizes)):
            own = [found.get((k, j)) for j in range(1, sizes[k] + 1)]
            given = [b for b in own if b is not None]
            if k in shared and given:
                raise NetworkError(f"biases.b{k}: layer {k} has biases of its own too; leave either out")
            if given and len(given) < len(own):
                symbol = places[k, own.index(None) + 1]
                raise NetworkError(
                    f"biases.{_typed(symbol)}: missing; layer {k} has other biases, so expected one for each unit"
                )
            biases.append(shared.get(k) if not given else tuple(given))
        return tuple(biases)

    def _samples(self, sizes: tuple[int, ...]) -> tuple[Sample, ...]:
        given = cast("object", self.data.get("samples"))
        items = cast("list[Any]", given) if _is_list(given) else []
        if not items:
            raise NetworkError(
                f"samples: expected one [[samples]] or more, with inputs and targets, found {_shown(given)}"
            )
        if len(items) > MAX_SAMPLES:
            raise NetworkError(f"samples: expected {MAX_SAMPLES} at most, found {len(items)}")
        found: list[Sample] = []
        for k, item in enumerate(items, 1):
            where = f"samples[{k}]"
            if not isinstance(item, dict):
                raise NetworkError(f"{where}: expected a table with inputs and targets, found {_shown(item)}")
            table = cast("dict[str, Any]", item)
            _only(table, ("inputs", "targets"), where)
            found.append(
                Sample(
                    _row(table.get("inputs"), sizes[0], f"{where}.inputs"),
                    _row(table.get("targets"), sizes[-1], f"{where}.targets"),
                )
            )
        return tuple(found)

    def _optimiser(self) -> Optimiser:
        table = self._table("optimiser")
        _only(table, _OPTIMISER, "optimiser")
        method = _choice(table.get("method", "gradient-descent"), Method, "optimiser.method")
        for key, of in _OF_METHOD.items():
            if key in table and of is not method:
                raise NetworkError(f"optimiser.{key}: {method.value} has none; it belongs to {of.value}")
        if "l2_penalty" in table and "weight_decay" in table:
            raise NetworkError("optimiser.weight_decay: there is an l2_penalty too; expected one of the two")
        read = {key: _number(table[key], f"optimiser.{key}") for key in _OPTIMISER[1:] if key in table}
        for key, low, high in (
            ("learning_rate", 0, None), ("epsilon", 0, None), ("l2_penalty", 0, None), ("weight_decay", 0, None),
            ("momentum", 0, 1), ("beta1", 0, 1), ("beta2", 0, 1),
        ):  # fmt: skip
            if key in read and not (read[key].value >= low and (high is None or read[key].value < high)):
                span = f"from {low}" + (f" and below {high}" if high is not None else "")
                raise NetworkError(f"optimiser.{key}: expected a number {span}, found {_shown(table[key])}")
        return Optimiser(method, **read)

    def _fixed(self, network: Network) -> frozenset[tuple[int, int, int | None]]:
        items = self.data.get("fixed", [])
        if not isinstance(items, list):
            raise NetworkError(f"fixed: expected a list of names, found {_shown(items)}")
        names = network.names()
        known = {
            _canonical(cast(Symbol, p.name(names)).name): (p.layer, p.to, p.source)
            for p in network.parameters()
        }
        found: list[tuple[int, int, int | None]] = []
        for k, item in enumerate(cast("list[Any]", items)):
            place = known.get(_canonical(item)) if isinstance(item, str) else None
            layer = _matrix_layer(item, "Wb", len(network.layers)) if isinstance(item, str) else None
            if place is not None:
                found.append(place)
            elif layer is not None:
                of_weights = str(item).startswith("W")
                found += [
                    (p.layer, p.to, p.source)
                    for p in network.parameters()
                    if p.layer == layer and (p.source is not None) == of_weights
                ]
            else:
                near = _nearest(str(item), list(known))
                raise NetworkError(f"fixed[{k}]: no weight or bias is called {_shown(item)}; expected {near}")
        return frozenset(found)


# --- names --------------------------------------------------------------------------------------


def _canonical(name: str) -> str:
    r"""A name without what does not tell it from others: braces, order of scripts, spaces, the letter ω.

    >>> _canonical("w_{12}^{(1)}"), _canonical("w^(1)_12"), _canonical("w5"), _canonical("ω_{11-1}")
    ('w_12^(1)', 'w_12^(1)', 'w_5', 'w_11-1')
    """
    text = re.sub(r"[{}$\s]", "", name.replace(r"\omega", "w").replace("ω", "w"))
    match = re.match(r"([^\W\d_]+)(.*)", text)
    if match is None:
        return text
    base, rest = match[1], match[2]
    if rest[:1].isdigit():
        rest = "_" + rest
    below = "".join(re.findall(r"_[^_^]+", rest))
    above = "".join(re.findall(r"\^[^_^]+", rest))
    return base + below + above


def _typed(symbol: Symbol) -> str:
    """A name as it stands in a file: bare if TOML allows it."""
    canonical = _canonical(symbol.name)
    return canonical if re.fullmatch(r"[\w-]+", canonical, re.ASCII) else f'"{canonical}"'


def _matrix_layer(entry: str, letters: str, layers: int) -> int | None:
    """The layer of ``W1``, ``W^(1)`` or ``b1``: all weights or biases of it."""
    match = re.fullmatch(rf"[{letters}](?:_?(\d+)|\^?[(\[](\d+)[)\]])", re.sub(r"[{}$\s]", "", entry))
    if match is None:
        return None
    layer = int(match[1] or match[2])
    return layer if 1 <= layer <= layers else None


def _no_weight(entry: str, item: object, known: Sequence[Symbol], layers: int) -> str:
    if isinstance(item, list):
        return f"no layer has this matrix; expected W1 to W{layers}"
    return f"no weight is called so; expected {_nearest(entry, [_typed(s) for s in known])}, or W1 = [[…]]"


def _nearest(entry: str, known: Sequence[str]) -> str:
    near = get_close_matches(_canonical(entry), known, 1, 0.5)
    if near:
        return near[0]
    return known[0] if len(known) == 1 else f"a name from {known[0]} to {known[-1]}"


def _leads(place: tuple[int, int, int]) -> str:
    layer, to, source = place
    start = f"input {source}" if layer == 1 else f"unit {source} of layer {layer - 1}"
    return f"from {start} to unit {to} of layer {layer}"


# --- entries ------------------------------------------------------------------------------------


def _is_list(item: object) -> bool:
    return isinstance(item, list)


def _only(table: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in table:
        if key not in known:
            entry = f"{where}.{key}" if where else key
            near = get_close_matches(key, known, 1, 0.6)
            expected = f"did you mean {near[0]}?" if near else f"expected {_listed(known)}"
            raise NetworkError(f"{entry}: unknown entry; {expected}")


def _listed(words: Sequence[str]) -> str:
    return "none here" if not words else ", ".join(words)


def _choice(item: object, kind: type[_E], where: str) -> _E:
    spelled = item.lower().replace("_", "-").replace(" ", "-") if isinstance(item, str) else item
    for member in kind:
        if member.value == spelled:
            return member
    words = " or ".join(f'"{member.value}"' for member in kind)
    raise NetworkError(f"{where}: expected {words}, found {_shown(item)}")


def _count(item: object, where: str, most: int) -> int:
    if not isinstance(item, int) or isinstance(item, bool) or not 1 <= item <= most:
        raise NetworkError(f"{where}: expected a whole number from 1 to {most}, found {_shown(item)}")
    return item


def _row(item: object, length: int, where: str) -> tuple[Number, ...]:
    if not isinstance(item, list):
        raise NetworkError(f"{where}: expected {length} {_numbers(length)} in brackets, found {_shown(item)}")
    items = cast("list[Any]", item)
    if len(items) != length:
        raise NetworkError(f"{where}: expected {length} {_numbers(length)}, found {len(items)}")
    return tuple(_number(part, f"{where}[{k}]") for k, part in enumerate(items))


def _numbers(count: int) -> str:
    return "number" if count == 1 else "numbers"


def _matrix(item: object, rows: int, columns: int, where: str) -> dict[tuple[int, int], Number]:
    items = cast("list[Any]", item)
    if len(items) != rows:
        found = f"{len(items)} row{'s' * (len(items) != 1)}"
        raise NetworkError(
            f"{where}: expected {rows} row{'s' * (rows != 1)} of {columns} (one row a unit), found {found}"
        )
    lines = [_row(line, columns, f"{where}[{j}]") for j, line in enumerate(items)]
    return {(j, i): value for j, line in enumerate(lines, 1) for i, value in enumerate(line, 1)}


def _number(item: object, where: str) -> Number:
    """A number as it was written; floats come as texts."""
    text = (
        ""
        if isinstance(item, bool) or not isinstance(item, int | str)
        else str(item).replace("_", "").lower()
    )
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", text, re.ASCII):
        raise NetworkError(f"{where}: expected a number, found {_shown(item)}")
    head, _, power = text.partition("e")
    if len(head) > _MAX_DIGITS or len(power) > 4 or abs(int(power or 0)) > _MAX_POWER:
        raise NetworkError(
            f"{where}: expected a number of at most {_MAX_DIGITS} digits, below 1e{_MAX_POWER}, "
            f"found {_shown(item)}"
        )
    return number(text)


def _ratio(item: object, where: str) -> Fraction:
    """A number, or a text like ``1/2``."""
    match = re.fullmatch(r"(\d{1,9})/([1-9]\d{0,8})", item) if isinstance(item, str) else None
    value = Fraction(int(match[1]), int(match[2])) if match else _number(item, where).value
    if value <= 0:
        raise NetworkError(f"{where}: expected a number above 0, found {_shown(item)}")
    return value


def _shown(item: object) -> str:
    if item is None:
        return "nothing"
    text = repr(item)
    text = text if len(text) <= 40 else text[:37] + "…"
    return "".join(c if c.isprintable() else "�" for c in text)


def _a(word: str) -> str:
    return ("an " if word[0] in "aeiou" else "a ") + word
