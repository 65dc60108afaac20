"""Losses of one sample (a prediction and a target), and penalties on weights."""

from __future__ import annotations

from gradbook.derivation.catalogue.entry import Entry, Kind


def _loss(
    title: str, names: str, formula: str, prediction: str, use: str, source: str, **more: object
) -> Entry:
    return Entry(title, tuple(names.split()), Kind.LOSS, formula, use, source, prediction, **more)  # type: ignore[arg-type]


def _penalty(title: str, names: str, formula: str, use: str, source: str, **more: object) -> Entry:
    return Entry(title, tuple(names.split()), Kind.PENALTY, formula, use, source, "w_k", True, **more)  # type: ignore[arg-type]


LOSSES: tuple[Entry, ...] = (
    _loss(
        "Cross entropy", "cross-entropy ce log-loss negative-log-likelihood nll", "-y*log(p)", "p",
        "the probability p of the true class, one term a class or sample", "Good, 1952", conditions=("p > 0",),
    ),
    _loss(
        "Binary cross entropy", "binary-cross-entropy bce", "-(y*log(p) + (1 - y)*log(1 - p))", "p",
        "two classes, from a probability", "Cox, 1958", conditions=("p > 0", "p < 1"),
    ),
    _loss(
        "Binary cross entropy with logits", "bce-with-logits binary-cross-entropy-with-logits logistic-loss",
        "log(1 + exp(z)) - y*z", "z", "two classes, from a score: stable, since no probability is rounded",
        "Cox, 1958",
    ),
    _loss(
        "Categorical cross entropy", "categorical-cross-entropy cce", "-sum(y_k*log(p_k), k)", "p_j",
        "many classes, from probabilities", "Bridle, 1990", vector=True, conditions=("p_k > 0",),
    ),
    _loss(
        "Cross entropy with logits", "cross-entropy-with-logits softmax-cross-entropy",
        "-sum(y_k*(z_k - log(sum(exp(z_m), m))), k)", "z_j", "many classes, from scores", "Bridle, 1990",
        vector=True, simplex=("y",),
    ),
    _loss(
        "Hinge", "hinge", "max(0, 1 - y*f)", "f", "support vector machines; y is -1 or 1", "Cortes and Vapnik, 1995",
    ),
    _loss(
        "Squared hinge", "squared-hinge", "max(0, 1 - y*f)^2", "f", "a hinge without a corner",
        "Cortes and Vapnik, 1995",
    ),
    _loss(
        "Multi-class hinge", "multi-class-hinge multiclass-hinge",
        "sum((1 - y_k)*max(0, 1 + f_k - sum(y_m*f_m, m)), k)",
        "f_j", "many classes with a margin; y is one-hot", "Weston and Watkins, 1999", vector=True,
    ),
    _loss("L1", "l1 mae absolute-error", "abs(y - f)", "f", "regression that outliers do not rule", "Boscovich, 1757"),
    _loss("L2", "l2 mse squared-error", "(y - f)^2", "f", "regression", "Legendre, 1805", in_vectors="norm(y - f)^2"),
    _loss(
        "Huber", "huber", "(y - f)^2/2 if abs(y - f) <= delta else delta*abs(y - f) - delta^2/2", "f",
        "squares near the target, absolute values far from it", "Huber, 1964",
        constants=(("delta", 1.0),), conditions=("delta > 0",),
    ),
    _loss(
        "Smooth L1", "smooth-l1", "(y - f)^2/(2*beta) if abs(y - f) < beta else abs(y - f) - beta/2", "f",
        "boxes in object detection", "Girshick, 2015", constants=(("beta", 1.0),), conditions=("beta > 0",),
    ),
    _loss("Log-cosh", "log-cosh logcosh", "log(cosh(y - f))", "f", "a smooth L1", "Saleh and Saleh, 2022"),
    _loss(
        "Quantile", "quantile pinball", "tau*(y - f) if y > f else (1 - tau)*(f - y)", "f",
        "the quantile tau of the target", "Koenker and Bassett, 1978",
        constants=(("tau", 0.5),), conditions=("tau > 0", "tau < 1"),
    ),
    _loss(
        "Cosine similarity", "cosine-similarity cosine",
        "1 - sum(y_k*f_k, k)/(sqrt(sum(y_k^2, k))*sqrt(sum(f_k^2, k)))", "f_j", "the angle between two vectors",
        "Salton, 1975", vector=True, in_vectors="1 - dot(y, f)/(norm(y)*norm(f))",
    ),
    _loss(
        "Poisson", "poisson poisson-nll", "f - y*log(f)", "f", "counts, from a rate", "Nelder and Wedderburn, 1972",
        conditions=("f > 0",),
    ),
    _loss(
        "KL divergence", "kl-divergence kl kullback-leibler", "sum(y_k*log(y_k/p_k), k)", "p_j",
        "two distributions", "Kullback and Leibler, 1951", vector=True, conditions=("p_k > 0", "y_k > 0"),
    ),
    _loss(
        "Gaussian negative log-likelihood", "gaussian-nll", "log(v)/2 + (y - f)^2/(2*v)", "f",
        "regression that also predicts its variance v", "Nix and Weigend, 1994", conditions=("v > 0",),
    ),
    _loss(
        "Triplet", "triplet triplet-margin",
        "max(0, sqrt(sum((f_k - p_k)^2, k)) - sqrt(sum((f_k - n_k)^2, k)) + m)", "f_j",
        "embeddings: nearer to p than to n by a margin m", "Schroff, Kalenichenko and Philbin, 2015",
        vector=True, constants=(("m", 1.0),), in_vectors="max(0, norm(f - p) - norm(f - n) + m)",
    ),
    _loss(
        "Focal", "focal", "-alpha*(1 - p)^gamma*log(p)", "p", "rare classes: easy samples count for little",
        "Lin et al., 2017", constants=(("alpha", 0.25), ("gamma", 2.0)),
        conditions=("p > 0", "p < 1", "gamma > 0", "alpha > 0"),
    ),
)  # fmt: skip

PENALTIES: tuple[Entry, ...] = (
    _penalty("L1 penalty", "l1-penalty lasso", "lambda*sum(abs(w_j), j)", "sparse weights", "Tibshirani, 1996",
             constants=(("lambda", 0.01),), conditions=("lambda > 0",)),
    _penalty("L2 penalty", "l2-penalty ridge tikhonov", "lambda/2*sum(w_j^2, j)", "small weights",
             "Hoerl and Kennard, 1970", constants=(("lambda", 0.01),), conditions=("lambda > 0",)),
    _penalty("Elastic net", "elastic-net", "lambda*(alpha*sum(abs(w_j), j) + (1 - alpha)/2*sum(w_j^2, j))",
             "sparse weights in groups", "Zou and Hastie, 2005", constants=(("lambda", 0.01), ("alpha", 0.5)),
             conditions=("lambda > 0", "alpha >= 0", "alpha <= 1")),
)  # fmt: skip
