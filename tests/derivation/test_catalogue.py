"""Every entry: its derivative is proved step by step, and the document that is written proves when it is read back."""

import pytest

from gradbook import check
from gradbook.derivation.catalogue import ACTIVATIONS, CATALOGUE, LOSSES, Entry, Kind, UnknownName, find
from gradbook.derivation.formats import FORMATS, write
from gradbook.derivation.pairs import derivations
from gradbook.derivation.steps import Detail
from gradbook.derivation.working import NeverDefined, work_out
from gradbook.document.report import Verdict
from gradbook.symbolic import to_text

#: Losses that take a logarithm of what is never positive, or of what is 0 or 1 only.
NOWHERE = {
    *((loss, "log-sigmoid") for loss in ("cross-entropy", "binary-cross-entropy", "poisson", "focal")),
    *((loss, "log-softmax") for loss in ("cross-entropy", "binary-cross-entropy", "poisson", "focal")),
    *((loss, "log-softmax") for loss in ("categorical-cross-entropy", "kl-divergence")),
    ("binary-cross-entropy", "binary-step"),
}

#: (1 - step)^gamma is 0^gamma where the logarithm of the step has a value: no step between has one.
DEGENERATE = {("focal", "binary-step")}

BY_NAME = {entry.name: entry for entry in CATALOGUE}


def derived(entry: Entry, detail: Detail = Detail.SHORT):
    return work_out(entry.definition, entry.variable, domain=entry.domain, title=entry.title, detail=detail)


def unproved(markdown: str) -> list[str]:
    lines = check(markdown, deadline=20).documents[0].lines
    fine = (Verdict.PROVED, Verdict.STATED)
    return [f"{x.verdict.name} {x.source}: {x.message}" for x in lines if x.verdict not in fine]


@pytest.mark.parametrize("detail", Detail, ids=lambda d: d.value)
@pytest.mark.parametrize("name", BY_NAME)
def test_entry_is_proved_and_its_document_too(name: str, detail: Detail) -> None:
    derivation = derived(BY_NAME[name], detail)
    assert derivation.proved
    markdown = write([derivation], "markdown")
    assert markdown.count("&=") >= 2
    assert unproved(markdown) == []


@pytest.mark.parametrize("name", [e.name for e in LOSSES if e.in_vectors])
def test_entry_in_vectors_is_proved(name: str) -> None:
    entry = find(name)
    assert entry.vector_definition is not None
    definition, variable, vectors = entry.vector_definition
    derivation = work_out(definition, variable, domain=entry.domain, vectors=vectors)
    assert derivation.proved
    assert unproved(write([derivation], "markdown")) == []


@pytest.mark.parametrize("loss", LOSSES, ids=lambda e: e.name)
def test_every_activation_under_the_loss(loss: Entry) -> None:
    for activation in ACTIVATIONS:
        if (loss.name, activation.name) in NOWHERE:
            with pytest.raises(NeverDefined):
                derivations(loss, activation)
            continue
        if (loss.name, activation.name) in DEGENERATE:
            continue
        found = derivations(loss, activation)
        assert all(d.proved for d in found), activation.name
        assert unproved(write(found, "markdown")) == [], activation.name


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("sigmoid", "f(x)·(1 - f(x))"),
        ("tanh", "1 - f(x)²"),
        ("softplus", "σ(x)"),
        ("log-sigmoid", "1 - σ(x)"),
        ("tanhshrink", "tanh(x)²"),
        ("softsign", "1/(1 + |x|)²"),
        ("softmax", "s_i·(δ_ij - s_j)"),
        ("relu", "{1 if x > 0; 0 otherwise}"),
        ("prelu", "{1 if x > 0; a otherwise}"),
        ("bce-with-logits", "σ(z) - y"),
        ("cross-entropy-with-logits", "exp(z_j)/(Σ_m exp(z_m)) - y_j"),
        ("bce", "(p - y)/(p·(1 - p))"),
        ("hinge", "{-y if y·f < 1; 0 otherwise}"),
        ("log-cosh", "-tanh(y - f)"),
        ("l2-penalty", "λ·w_k"),
    ],
)
def test_result_is_the_familiar_form(name: str, result: str) -> None:
    assert to_text(derived(find(name)).result) == result


@pytest.mark.parametrize(
    ("name", "kinks"),
    [
        ("relu", [("corner", "x = 0", "0", "1")]),
        ("prelu", [("corner", "x = 0", "a", "1")]),
        ("binary-step", [("jump", "x = 0", None, None)]),
        ("hard-tanh", [("corner", "x = -1", "0", "1"), ("corner", "x = 1", "1", "0")]),
        ("softshrink", [("corner", "x = λ", "0", "1"), ("corner", "x = -λ", "1", "0")]),
        ("hardshrink", [("jump", "x = λ", None, None), ("jump", "x = -λ", None, None)]),
        ("celu", []),
        ("elu", [("corner", "x = 0", "α", "1")]),
        ("softsign", []),
        ("huber", []),
        ("smooth-l1", []),
        ("squared-hinge", []),
        ("l1", [("corner", "f = y", "-1", "1")]),
        ("hinge", [("corner", "y·f = 1", "-y", "0")]),
    ],
)
def test_kinks(name: str, kinks: list[tuple[str, ...]]) -> None:
    found = [
        (k.kind.value, to_text(k.where), k.left and to_text(k.left), k.right and to_text(k.right))
        for k in derived(find(name)).kinks
    ]
    assert found == kinks


@pytest.mark.parametrize("form", FORMATS)
def test_formats_hold_every_step(form: str) -> None:
    derivation = derived(find("sigmoid"))
    text = write([derivation], form)
    assert "reciprocal rule" in text
    assert text.endswith("\n")


def test_unknown_names_suggest_the_nearest() -> None:
    with pytest.raises(UnknownName, match="nearest is “softmax”"):
        find("sofmax")
    with pytest.raises(UnknownName, match="is no loss but the activation Sigmoid"):
        find("sigmoid", Kind.LOSS)


def test_names_are_spelt_freely_and_mean_one_thing() -> None:
    assert find("Leaky ReLU") is find("leaky_relu") is find("lrelu")
    names = [name for entry in CATALOGUE for name in entry.names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "name", ["cosine-similarity", "cross-entropy-with-logits", "prelu", "triplet", "hinge"]
)
def test_latex_document_is_proved_too(name: str) -> None:
    entry = find(name)
    found = [derived(entry)]
    if entry.vector_definition is not None:
        definition, variable, vectors = entry.vector_definition
        found.append(work_out(definition, variable, domain=entry.domain, vectors=vectors))
    lines = check(write(found, "latex"), deadline=20).documents[0].lines
    assert sum(x.verdict is Verdict.PROVED for x in lines) >= 2
    assert [x.source for x in lines if x.verdict not in (Verdict.PROVED, Verdict.STATED)] == []
