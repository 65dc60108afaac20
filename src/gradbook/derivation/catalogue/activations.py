"""Activations: functions of a pre-activation ``x``, applied to each component; softmax is of all of them."""

from __future__ import annotations

from gradbook.derivation.catalogue.entry import Entry, Kind


def _activation(title: str, names: str, formula: str, use: str, source: str, **more: object) -> Entry:
    return Entry(title, tuple(names.split()), Kind.ACTIVATION, formula, use, source, **more)  # type: ignore[arg-type]


ACTIVATIONS: tuple[Entry, ...] = (
    _activation("Identity", "identity linear", "x", "the output of a regression", "the linear unit"),
    _activation(
        "Binary step", "binary-step step heaviside threshold", "1 if x > 0 else 0",
        "a unit that fires or does not; its derivative is zero, so gradients cannot train it",
        "McCulloch and Pitts, 1943",
    ),
    _activation(
        "Sigmoid", "sigmoid logistic expit", "1/(1 + exp(-x))", "a probability; gates of recurrent units",
        "Verhulst, 1845; Rumelhart, Hinton and Williams, 1986", compact="sigmoid(x)",
    ),
    _activation(
        "Hyperbolic tangent", "tanh hyperbolic-tangent", "(exp(x) - exp(-x))/(exp(x) + exp(-x))",
        "a hidden unit centred on zero; recurrent units", "LeCun et al., 1998", compact="tanh(x)",
    ),
    _activation(
        "ReLU", "relu rectifier ramp", "x if x > 0 else 0", "the usual hidden unit", "Nair and Hinton, 2010",
        compact="max(0, x)",
    ),
    _activation(
        "Leaky ReLU", "leaky-relu lrelu", "x if x > 0 else a*x", "a ReLU whose gradient never dies",
        "Maas, Hannun and Ng, 2013", constants=(("a", 0.01),),
    ),
    _activation(
        "PReLU", "prelu parametric-relu", "x if x > 0 else a*x", "a leaky ReLU whose slope is learnt",
        "He et al., 2015", constants=(("a", 0.25),),
    ),
    _activation(
        "ELU", "elu exponential-linear", "x if x > 0 else alpha*(exp(x) - 1)",
        "a smooth left side that saturates, mean activation nearer zero", "Clevert, Unterthiner and Hochreiter, 2016",
        constants=(("alpha", 1.0),), conditions=("alpha > 0",),
    ),
    _activation(
        "SELU", "selu scaled-elu", "lambda*x if x > 0 else lambda*alpha*(exp(x) - 1)",
        "self-normalising networks", "Klambauer et al., 2017",
        constants=(("lambda", 1.0507009873554804934193349852946), ("alpha", 1.6732632423543772848170429916717)),
        conditions=("alpha > 0", "lambda > 0"),
    ),
    _activation(
        "CELU", "celu", "x if x > 0 else alpha*(exp(x/alpha) - 1)", "an ELU that is smooth for every alpha",
        "Barron, 2017", constants=(("alpha", 1.0),), conditions=("alpha > 0",),
    ),
    _activation(
        "GELU", "gelu gaussian-error-linear", "x/2*(1 + erf(x/sqrt(2)))", "transformers", "Hendrycks and Gimpel, 2016",
    ),
    _activation(
        "GELU (tanh form)", "gelu-tanh", "x/2*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x^3)))",
        "transformers, where erf is slow", "Hendrycks and Gimpel, 2016",
    ),
    _activation(
        "SiLU", "silu swish", "x*sigmoid(x)", "image networks, language models", "Elfwing et al., 2018; "
        "Ramachandran, Zoph and Le, 2017",
    ),
    _activation("Mish", "mish", "x*tanh(log(1 + exp(x)))", "object detection", "Misra, 2019"),
    _activation("Softplus", "softplus", "log(1 + exp(x))", "a positive output; a smooth ReLU", "Dugas et al., 2001"),
    _activation("Softsign", "softsign", "x/(1 + abs(x))", "a tanh with heavier tails", "Bergstra et al., 2009"),
    _activation(
        "Hard sigmoid", "hard-sigmoid hardsigmoid", "0 if x <= -3 else 1 if x >= 3 else x/6 + 1/2",
        "a gate without an exponential", "Courbariaux, Bengio and David, 2015; Howard et al., 2019",
    ),
    _activation(
        "Hard swish", "hard-swish hardswish", "0 if x <= -3 else x if x >= 3 else x*(x + 3)/6",
        "networks for phones", "Howard et al., 2019",
    ),
    _activation(
        "Hard tanh", "hard-tanh hardtanh", "-1 if x < -1 else 1 if x > 1 else x", "a tanh without an exponential",
        "Collobert, 2004",
    ),
    _activation(
        "Log-sigmoid", "log-sigmoid logsigmoid", "log(1/(1 + exp(-x)))", "the logarithm of a probability, in losses",
        "Gutmann and Hyvärinen, 2010", compact="log(sigmoid(x))",
    ),
    _activation("Tanhshrink", "tanhshrink tanh-shrink", "x - tanh(x)", "sparse codes", "the PyTorch library"),
    _activation(
        "Softshrink", "softshrink soft-shrink soft-threshold",
        "x - lambda if x > lambda else x + lambda if x < -lambda else 0",
        "the proximal step of an L1 penalty", "Donoho, 1995",
        constants=(("lambda", 0.5),), conditions=("lambda > 0",),
    ),
    _activation(
        "Hardshrink", "hardshrink hard-shrink hard-threshold", "x if x > lambda else x if x < -lambda else 0",
        "sparse codes without shrinking what is kept", "Donoho and Johnstone, 1994",
        constants=(("lambda", 0.5),), conditions=("lambda > 0",),
    ),
    _activation("Gaussian", "gaussian", "exp(-x^2)", "radial basis functions", "Broomhead and Lowe, 1988"),
    _activation("Sinusoid", "sinusoid sine sin", "sin(x)", "signals as networks", "Sitzmann et al., 2020"),
    _activation(
        "Softmax", "softmax", "exp(x_i)/sum(exp(x_k), k)", "probabilities of classes", "Bridle, 1990",
        prediction="x_j", vector=True,
    ),
    _activation(
        "Log-softmax", "log-softmax logsoftmax", "x_i - log(sum(exp(x_k), k))", "log-probabilities, in losses",
        "Bridle, 1990", prediction="x_j", vector=True,
    ),
)  # fmt: skip
