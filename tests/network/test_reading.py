"""A network that cannot be worked is one line that names the entry and what was expected."""

from __future__ import annotations

import pytest

from gradbook.network import NetworkError, parse, to_toml, work

GOOD = """layers = [2, 1]
activations = "sigmoid"
loss = "l2"
[weights]
w_11 = 0.5
w_12 = -0.5
[[samples]]
inputs = [1, 2]
targets = [1]
"""
TEXTBOOK = GOOD.replace("w_11", '"w_11^(1)"').replace("w_12", '"w_{12}^{(1)}"')


def test_numbers_stay_as_they_were_written() -> None:
    network = parse(TEXTBOOK.replace("0.5\n", "0.50\n", 1))
    assert "0.50" in work(network).to("markdown")
    assert parse(to_toml(network)) == network


@pytest.mark.parametrize(
    ("change", "to", "told"),
    [
        ('"w_{12}^{(1)}" = -0.5\n', "", r'weights."w_12\^\(1\)": missing; expected the weight from input 2 to unit 1'),
        ("[1, 2]", "[1, 2, 3]", r"samples\[1\].inputs: expected 2 numbers, found 3"),
        ("[2, 1]", "[2]", "layers: expected the numbers of units"),
        ('"sigmoid"', '"sigmiod"', "activations: no activation .* “sigmiod”; the nearest is “sigmoid”"),
        ('"sigmoid"', '"l2"', "activations: “l2” is no activation"),
        ("-0.5", "nan", r"weights.*: expected a number, found 'nan'"),
        ("-0.5", "inf", r"weights.*: expected a number, found 'inf'"),
        ("-0.5", "true", r"weights.*: expected a number, found True"),
        ("-0.5", "1e999", r"weights.*: expected a number of at most"),
        ('"l2"', '"gaussian-nll"', "loss: gaussian-nll needs a variance"),
        ('loss = "l2"\n', "", "loss: missing; expected a loss"),
        ('loss = "l2"', 'loss = "l2"\nlss = 1', "lss: unknown entry; did you mean loss"),
        ("[[samples]]", "[[samples]]\ninputs = [1, 2]\ntargets = [0]\n[[samples]]", "batch: missing"),
        ("[[samples]]", "[optimiser]\nmomentum = 0.9\n[[samples]]", "optimiser.momentum: gradient-descent has none"),
        ("[[samples]]", "[biases]\nb1 = [0.1, 0.2]\n[[samples]]", r"biases.b1: expected 1 number, found 2"),
        ("[2, 1]", "[2, 1", "not TOML"),
    ],
)  # fmt: skip
def test_error_names_the_entry(change: str, to: str, told: str) -> None:
    assert change in TEXTBOOK
    with pytest.raises(NetworkError, match=told) as error:
        parse(TEXTBOOK.replace(change, to, 1))
    assert "\n" not in str(error.value)


def test_matrices_are_read_in_every_scheme() -> None:
    for scheme in ("textbook", "matrices", "report", "mazur"):
        text = f'names = "{scheme}"\n' + GOOD.partition("[weights]")[0] + "[weights]\nW1 = [[0.5, -0.5]]\n"
        network = parse(text + GOOD[GOOD.index("[[samples]]") :])
        assert network.sizes == (2, 1)


def test_kink_is_told() -> None:
    text = TEXTBOOK.replace('"sigmoid"', '"relu"').replace("[1, 2]", "[1, 1]")
    with pytest.raises(NetworkError, match="lies on a kink"):
        work(parse(text))


def test_loss_outside_its_domain_is_told() -> None:
    text = TEXTBOOK.replace('"sigmoid"', '"identity"').replace('"l2"', '"binary-cross-entropy"')
    with pytest.raises(NetworkError, match=r"loss: binary-cross-entropy needs a_1\^\{\(1\)\} > 0, but"):
        work(parse(text))
