"""Sentences as people write them, with the statements that they make; None where the reader must not understand.

``KNOWN`` and ``HELD_OUT`` were written before the grammar. ``HELD_OUT`` was set aside: its rate was measured once.
"""

from __future__ import annotations

from gradbook.study.findings.statements import (
    Best,
    Denied,
    Diverges,
    Dominates,
    Equivalent,
    Exceeds,
    Figure,
    Improving,
    Learns,
    Level,
    Manner,
    Metric,
    Overfits,
    Response,
    RisesFaster,
    Shape,
    Statement,
    When,
)
from gradbook.study.findings.wording import Arms

#: Weight decay 5e-2 is arm 0, 5e-4 arm 1, 5e-6 arm 2.
DECAY = Arms(({"weight_decay": 0.05}, {"weight_decay": 5e-4}, {"weight_decay": 5e-6}))

#: Two arms: without weight decay (0) and with (1).
TWO = Arms(({"weight_decay": 0.0}, {"weight_decay": 5e-4}))

GRID = Arms(
    (
        {"learning_rate": 0.1, "weight_decay": 0.0},
        {"learning_rate": 0.1, "weight_decay": 5e-4},
        {"learning_rate": 0.01, "weight_decay": 0.0},
        {"learning_rate": 0.01, "weight_decay": 5e-4},
    )
)

OPTIMIZERS = Arms(({"optimizer": "sgd"}, {"optimizer": "adam"}, {"optimizer": "adamw"}))

DROPOUT = Arms(({"model.dropout": 0.0}, {"model.dropout": 0.2}, {"model.dropout": 0.5}))

EPOCHS = 30

TA, TL = Metric.TEST_ACCURACY, Metric.TEST_LOSS
RA, RL = Metric.TRAIN_ACCURACY, Metric.TRAIN_LOSS
VA, VL = Metric.VALIDATION_ACCURACY, Metric.VALIDATION_LOSS
GAP, NORM = Metric.GAP, Metric.WEIGHT_NORM
BEST, CURVE = When.BEST, When.CURVE
STAYS, COMES, ONLY = Manner.STAYS, Manner.COMES, Manner.ONLY
UP, DOWN = Shape.INCREASING, Shape.DECREASING
No = Denied
X, E = Exceeds, Equivalent

Said = tuple[Arms, str, tuple[Statement, ...] | None]


def _of(arms: Arms, *pairs: tuple[str, Statement | tuple[Statement, ...] | None]) -> list[Said]:
    return [
        (arms, sentence, said if said is None or isinstance(said, tuple) else (said,))
        for sentence, said in pairs
    ]


KNOWN: list[Said] = [
    *_of(
        DECAY,
        # figures
        ("5e-4 ends with a test accuracy of about 97.8 %.", Figure(1, TA, 0.978, 3, about=True)),
        ("The final test accuracy of 5e-4 is 97.8\\%.", Figure(1, TA, 0.978, 3)),
        ("The test loss of 5e-6 is around 1.4 at the end.", Figure(2, TL, 1.4, 1, about=True)),
        ("5e-2 is stuck near 46 % test accuracy.", Figure(0, TA, 0.46, 2, about=True, manner=STAYS)),
        ("5e-2 gets stuck at about 46 % test accuracy.", Figure(0, TA, 0.46, 2, about=True, manner=STAYS)),
        ("5e-4 achieves 97.9 % test accuracy at the end.", Figure(1, TA, 0.979, 3)),
        ("5e-4 achieves 97.9 % test accuracy.", Figure(1, TA, 0.979, 3, manner=COMES)),
        ("5e-4 and 5e-6 have a test accuracy of 0.98.", (Figure(1, TA, 0.98, 2), Figure(2, TA, 0.98, 2))),
        ("The test accuracy of 5e-2 is not 0.98.", No(Figure(0, TA, 0.98, 2))),
        ("With weight decay 5e-4, the final test loss is .08.", Figure(1, TL, 0.08, 2)),
        ("Test accuracy is 97.8 % for 5e-4.", Figure(1, TA, 0.978, 3)),
        ("The training accuracy of 5e-6 is 100 % at the end.", Figure(2, RA, 1.0, 2)),
        ("5e-4 has a test accuracy of 1.", None),  # to how many digits?
        ("The final test loss of 5e-4 is 1e-3.", None),
        ("The test accuracy of 5e-4 is 0.978 by 0.01.", None),
        ("The test loss of 5e-4 is 5 %.", None),
        ("The weight norm of 5e-2 is about 5.4 at the best epoch.", Figure(0, NORM, 5.4, 1, BEST, True)),
    ),
    *_of(
        DECAY,
        # learns
        ("5e-4 learns.", Learns(1)),
        ("5e-2 does not learn anything.", No(Learns(0))),
        ("The model with a weight decay of $5e-2$ doesn't learn at all.", No(Learns(0))),
        ("A weight decay of 0.05 is flat.", No(Learns(0))),
        ("The 5e-2 model stays at chance.", No(Learns(0))),
        ("With weight decay 5e-2 the network learns nothing.", No(Learns(0))),
        ("Weight decay $5 \\times 10^{-2}$ fails to learn.", No(Learns(0))),
        ("5e-2 never learns anything.", No(Learns(0))),
        ("Both 5e-4 and 5e-6 learn.", (Learns(1), Learns(2))),
        (
            "The largest weight decay does not learn, and the others do.",
            (No(Learns(0)), Learns(1), Learns(2)),
        ),
        ("5e-4 and 5e-6 learn, but 5e-2 does not.", (Learns(1), Learns(2), No(Learns(0)))),
        ("Only 5e-2 does not learn.", (No(Learns(0)), Learns(1), Learns(2))),
        ("5e-2 is no better than chance.", No(Learns(0))),
        # exceeds
        ("5e-4 beats 5e-2 in test accuracy.", X(1, 0, TA)),
        ("5e-4 outperforms 5e-6.", X(1, 2, TA)),
        ("5e-4 performs better than 5e-6 on the test set.", X(1, 2, TA)),
        ("5e-4 has a higher test accuracy than 5e-6.", X(1, 2, TA)),
        ("5e-6 has a higher training accuracy than 5e-4 at the end of training.", X(2, 1, RA)),
        ("The test loss of 5e-4 is lower than that of 5e-6.", X(2, 1, TL)),
        ("5e-4's test loss is lower than 5e-6's.", X(2, 1, TL)),
        ("5e-6 has a higher test loss than 5e-4.", X(2, 1, TL)),
        ("Test accuracy is higher with 5e-4 than with 5e-6.", X(1, 2, TA)),
        ("5e-2 is beaten by 5e-4 in test accuracy.", X(1, 0, TA)),
        ("5e-2 is worse than 5e-4 in training loss.", X(0, 1, RL)),
        ("5e-4 is better than 5e-2 in terms of validation loss.", X(0, 1, VL)),
        ("**5e-4** beats **5e-6** by more than 1 % in test accuracy.", X(1, 2, TA, by=0.01)),
        ("5e-4 beats 5e-6 in test accuracy by at least 0.02.", X(1, 2, TA, by=0.02)),
        ("At the best epoch, 5e-4 beats 5e-6 in test accuracy.", X(1, 2, TA, BEST)),
        ("On average over all epochs the training loss of 5e-6 is below that of 5e-4.", X(1, 2, RL, CURVE)),
        ("5e-4 does not beat 5e-6 in test accuracy.", No(X(1, 2, TA))),
        ("5e-4 isn't better than 5e-6 in test accuracy.", No(X(1, 2, TA))),
        ("5e-6 loses to 5e-4 in test accuracy.", X(1, 2, TA)),
        ("5e-4 performs better than the other models.", (X(1, 0, TA), X(1, 2, TA))),
        ("5e-4 beats every other value in test accuracy.", (X(1, 0, TA), X(1, 2, TA))),
        ("5e-4 beats both 5e-2 and 5e-6 in test accuracy.", (X(1, 0, TA), X(1, 2, TA))),
        ("The smallest weight decay has a larger generalisation gap than the middle one.", X(2, 1, GAP)),
        ("The gap between training and test loss is larger for 5e-6 than for 5e-4.", X(2, 1, GAP)),
        ("The weight norm of 5e-6 is larger than the weight norm of 5e-4.", X(2, 1, NORM)),
        ("The smallest weight decay (5e-6) beats the largest weight decay (5e-2) in accuracy.", X(2, 0, TA)),
        ("λ = 5e-4 beats λ = 5e-2.", X(1, 0, TA)),
        ("weight_decay=5e-4 beats weight_decay=5e-2 in val loss.", X(0, 1, VL)),
        ("5e-4 beats 5e-6 in test accuracy and test loss.", (X(1, 2, TA), X(2, 1, TL))),
        ("5e-6 beats 5e-4 in training accuracy but not in test accuracy.", (X(2, 1, RA), No(X(2, 1, TA)))),
        ("We can conclude that 5e-4 performs better than 5e-6.", X(1, 2, TA)),
        # equivalent
        ("5e-4 and 5e-6 have the same test accuracy.", E((1, 2), TA)),
        ("The test accuracies of 5e-4 and 5e-6 are similar.", E((1, 2), TA)),
        ("There is no difference in test accuracy between 5e-4 and 5e-6.", E((1, 2), TA)),
        ("5e-4 and 5e-6 do not differ in test accuracy.", E((1, 2), TA)),
        ("5e-4 and 5e-6 differ in test accuracy by at most 0.01.", E((1, 2), TA, margin=0.01)),
        ("5e-4 and 5e-6 do not differ by more than 1 % in test accuracy.", E((1, 2), TA, margin=0.01)),
        (
            "Both models 5e-4 and 5e-6 show the same test accuracies throughout all epochs.",
            E((1, 2), TA, every=True),
        ),
        ("5e-4 performs the same as 5e-6 in test accuracy.", E((1, 2), TA)),
        ("Test accuracy is the same for 5e-4 and 5e-6.", E((1, 2), TA)),
        ("5e-4 is not the same as 5e-6 in training accuracy.", No(E((1, 2), RA))),
        ("Weight decay makes no difference to test accuracy.", E((0, 1, 2), TA)),
        ("5e-4 and 5e-6 converge to the same training accuracy.", E((1, 2), RA)),
        # dominates
        ("5e-6 dominates 5e-4 in training accuracy.", Dominates(2, 1, RA)),
        ("5e-6 dominates 5e-4 in training accuracy until epoch 20.", Dominates(2, 1, RA, 20)),
        (
            "5e-6 dominates 5e-4 in training accuracy, but later they converge.",
            Dominates(2, 1, RA, None, True),
        ),
        (
            "5e-6 leads 5e-4 in training accuracy until epoch 20, and then they converge.",
            Dominates(2, 1, RA, 20, True),
        ),
        (
            "At first 5e-6 is ahead of 5e-4 in training accuracy, but later they meet.",
            Dominates(2, 1, RA, None, True),
        ),
        ("5e-6 has a lower training loss than 5e-4 in every epoch.", Dominates(2, 1, RL, 30)),
        ("5e-6 has a lower training loss than 5e-4 for the first 12 epochs.", Dominates(2, 1, RL, 12)),
        # overfits
        ("5e-6 overfits.", Overfits(2)),
        ("5e-6 starts to overfit after epoch 23.", Overfits(2, 23)),
        ("The test loss of 5e-6 starts to rise after epoch 23.", Overfits(2, 23)),
        ("After epoch 23, the test losses of 5e-4 and 5e-6 increase.", (Overfits(1, 23), Overfits(2, 23))),
        ("5e-4 does not overfit.", No(Overfits(1))),
        ("Neither 5e-2 nor 5e-4 overfits.", (No(Overfits(0)), No(Overfits(1)))),
        ("5e-6 but not 5e-2 overfits.", (Overfits(2), No(Overfits(0)))),
        ("The test loss of 5e-6 rises faster than that of 5e-4.", RisesFaster(2, 1)),
        (
            "5e-4's test loss increases more slowly than 5e-6's after the onset of overfitting.",
            RisesFaster(2, 1),
        ),
        # best
        ("5e-4 is best.", Best(1)),
        ("5e-4 is the best value in test accuracy.", Best(1)),
        ("The best weight decay is 5e-4.", Best(1)),
        ("5e-4 wins in test loss.", Best(1, TL)),
        ("5e-4 is optimal.", Best(1)),
        ("5e-4 performs best at the best epoch.", Best(1, TA, BEST)),
        ("5e-2 is not the best.", No(Best(0))),
        ("5e-2 is the worst in test accuracy.", (X(1, 0, TA), X(2, 0, TA))),
        ("5e-4 has the highest test accuracy.", (X(1, 0, TA), X(1, 2, TA))),
        # diverges, improving
        ("5e-2 diverges.", Diverges(0)),
        ("5e-2 blew up.", Diverges(0)),
        ("No model diverged.", (No(Diverges(0)), No(Diverges(1)), No(Diverges(2)))),
        ("5e-4 is still improving at the end.", Improving(1)),
        ("5e-4 has not converged yet.", Improving(1)),
        ("5e-6 has plateaued.", No(Improving(2))),
        ("The test accuracy of 5e-4 is still increasing at the end.", Improving(1, TA)),
        ("The training loss of 5e-4 keeps falling.", Improving(1, RL)),
        ("The training loss of 5e-4 continues to decrease.", Improving(1, RL)),
        # level, response
        ("The test accuracy of 5e-4 is above 95 %.", Level(1, TA, least=0.95)),
        ("The test accuracy of 5e-4 is between 0.9 and 0.95.", Level(1, TA, 0.9, 0.95)),
        ("5e-4 has a test accuracy of more than 90\\%.", Level(1, TA, least=0.9)),
        ("The generalisation gap of 5e-6 is larger than 0.1.", Level(2, GAP, least=0.1)),
        ("Test accuracy decreases with weight decay.", Response("weight_decay", TA, DOWN)),
        ("The larger the weight decay, the lower the weight norm.", Response("weight_decay", NORM, DOWN)),
        ("Test loss is U-shaped in weight decay.", Response("weight_decay", TL, Shape.U)),
        ("A larger weight decay leads to a smaller generalisation gap.", Response("weight_decay", GAP, DOWN)),
        ("It is not true that 5e-4 beats 5e-6 in test accuracy at the end.", No(X(1, 2, TA))),
        ("5e-2 does not learn, and 5e-4 beats 5e-6 in test accuracy.", (No(Learns(0)), X(1, 2, TA))),
        # must not be understood
        ("5e-2 may not learn.", None),
        ("5e-4 might beat 5e-6 in test accuracy.", None),
        ("5e-6 overfits because it is too small.", None),
        ("The test losses of 5e-4 and 5e-6 rise after epoch 23, which may be due to overfitting.", None),
        ("5e-4 beats 5e-6 unless training is long.", None),
        ("5e-4 is slightly better than 5e-6.", None),
        ("5e-4 needs fewer epochs than 5e-6.", None),
        ("5e-3 learns.", None),
        ("5e-4 is better than 5e-6 in test error.", None),
        ("5e-4 beats 5e-6 by 2 % in test accuracy.", None),
        ("All models do not learn.", None),
        ("5e-4 beats 5e-6 or 5e-2.", None),
        ("5e-4 does not beat 5e-6 and 5e-2 in test accuracy.", None),
        ("The test accuracy of 5e-4 is 0.95.", Figure(1, TA, 0.95, 2)),
        ("5e-2 is too large for the model to converge.", None),
        ("5e-4 sometimes beats 5e-6.", None),
        ("Does 5e-4 beat 5e-6?", None),
        ("5e-4 beats 5e-6 in test accuracy at epoch 10.", None),
        ("5e-4 beats 5e-6 in test accuracy with 5 seeds.", None),
        ("5e-2 does not converge.", None),
        ("The blue line is flat.", None),
        ("5e-4 beats itself.", None),
        ("5e-4 beats 5e-4 in test accuracy.", None),
        ("Not all models learn.", None),
        ("5e-4 overfits less than 5e-6.", None),
    ),
    *_of(
        GRID,
        ("lr 0.1 and weight decay 5e-4 beats lr 0.01 and weight decay 5e-4.", X(1, 3, TA)),
        (
            "Learning rate 0.1 with weight decay 0 has a lower training loss than "
            "learning rate 0.01 with weight decay 0.",
            X(2, 0, RL),
        ),
        ("0.1 beats 0.01.", None),
        ("Training loss decreases with learning rate.", Response("learning_rate", RL, DOWN)),
    ),
    *_of(
        OPTIMIZERS,
        ("Adam beats SGD in training loss.", X(0, 1, RL)),
        ("Adam and AdamW have the same test accuracy.", E((1, 2), TA)),
        ("Test accuracy increases with optimizer.", None),
        ("The adam optimizer is best.", Best(1)),
    ),
    *_of(
        TWO,
        # This was taken for the first arm, until it was seen that it may say that neither value does.
        ("No weight decay overfits.", None),
        ("With no weight decay the model overfits.", Overfits(0)),
        ("5e-4 beats no weight decay.", X(1, 0, TA)),
        ("Without weight decay the model overfits.", Overfits(0)),
        ("The larger weight decay is better.", X(1, 0, TA)),
        ("Both models learn.", (Learns(0), Learns(1))),
    ),
]


HELD_OUT: list[Said] = [
    *_of(
        DECAY,
        ("A weight decay of 5e-2 learns nothing.", No(Learns(0))),
        ("The run with weight decay 0.05 remains at chance level.", No(Learns(0))),
        ("5·10⁻² does not learn.", No(Learns(0))),
        ("The model with weight decay parameter of 5e-2 did not learn anything.", No(Learns(0))),
        ("All models learn except 5e-2.", (Learns(1), Learns(2), No(Learns(0)))),
        ("The two smaller weight decays learn.", (Learns(1), Learns(2))),
        ("Weight decay 5e-2 stays flat throughout training.", No(Learns(0))),
        ("5e-4 achieves a better test accuracy than 5e-6.", X(1, 2, TA)),
        ("The final test accuracy is higher for 5e-4 than for 5e-2.", X(1, 0, TA)),
        ("In test accuracy, 5e-4 is better than 5e-6.", X(1, 2, TA)),
        ("5e-6 ends with a lower training loss than 5e-4.", X(1, 2, RL)),
        ("5e-6 is outperformed by 5e-4 on the validation set.", X(1, 2, VA)),
        ("The accuracy on the training set is greater for 5e-6 than for 5e-4.", X(2, 1, RA)),
        ("The middle weight decay outperforms the smallest one in test accuracy.", X(1, 2, TA)),
        ("5e-2 is inferior to 5e-4 in test accuracy.", X(1, 0, TA)),
        ("5e-6 fits the training data better than 5e-4.", None),
        ("Weight decay 5e-4 gives lower test loss than weight decay 5e-6 after the last epoch.", X(2, 1, TL)),
        ("Test loss is worse for 5e-6 than for 5e-4.", X(2, 1, TL)),
        ("5e-4 generalises better than 5e-6.", None),
        ("5e-4 and 5e-6 reach the same training accuracy in the end.", E((1, 2), RA)),
        ("5e-4 and 5e-6 are indistinguishable in test accuracy.", E((1, 2), TA)),
        ("5e-6 matches 5e-4 in test accuracy.", E((1, 2), TA)),
        (
            "The difference in test accuracy between 5e-4 and 5e-6 is less than 0.01.",
            E((1, 2), TA, margin=0.01),
        ),
        ("Test loss does not depend on weight decay.", E((0, 1, 2), TL)),
        ("Over the whole curve, 5e-4 and 5e-6 have similar test accuracy.", E((1, 2), TA, CURVE)),
        ("The test accuracy of 5e-4 differs from that of 5e-2.", No(E((0, 1), TA))),
        ("Initially 5e-6 has a higher training accuracy than 5e-4.", Dominates(2, 1, RA, 1)),
        ("5e-6 is ahead of 5e-4 in training loss up to epoch 15.", Dominates(2, 1, RL, 15)),
        (
            "5e-6 dominates 5e-4 in training accuracy across epochs, but eventually they converge to the same value.",
            Dominates(2, 1, RA, None, True),
        ),
        (
            "5e-6 has a higher training accuracy than 5e-4 at first, but 5e-4 catches up.",
            Dominates(2, 1, RA, None, True),
        ),
        ("5e-6 begins to overfit at epoch 20.", Overfits(2, 20)),
        ("From epoch 20 on, 5e-6 overfits.", Overfits(2, 20)),
        ("The test loss of 5e-6 goes up after epoch 20.", Overfits(2, 20)),
        ("There is no overfitting with 5e-2.", No(Overfits(0))),
        ("5e-6 overfits, whereas 5e-2 does not.", (Overfits(2), No(Overfits(0)))),
        ("The test loss of 5e-6 increases more rapidly than the test loss of 5e-4.", RisesFaster(2, 1)),
        ("5e-4 gives the best test accuracy.", Best(1)),
        ("5e-4 turns out to be the best choice.", None),
        ("The best value of the weight decay is 5e-4.", Best(1)),
        ("5e-2 performs worst.", (X(1, 0, TA), X(2, 0, TA))),
        ("5e-6 achieves the lowest training loss.", (X(0, 2, RL), X(1, 2, RL))),
        ("None of the models diverges.", (No(Diverges(0)), No(Diverges(1)), No(Diverges(2)))),
        ("The loss of 5e-2 becomes NaN.", Diverges(0)),
        ("5e-6 is no longer improving at the end.", No(Improving(2))),
        ("The validation loss of 5e-4 is still falling at the end.", Improving(1, VL)),
        ("5e-4 ends with more than 95 % test accuracy.", Level(1, TA, least=0.95)),
        ("The test loss of 5e-4 stays below 0.2.", None),
        ("Test accuracy of 5e-2 is at most 12 % at the end.", Level(0, TA, most=0.12)),
        ("The weight norm falls with weight decay.", Response("weight_decay", NORM, DOWN)),
        ("The higher the weight decay, the higher the training loss.", Response("weight_decay", RL, UP)),
        ("As weight decay increases, test accuracy decreases.", Response("weight_decay", TA, DOWN)),
        ("5e-4 probably beats 5e-6.", None),
        ("If trained longer, 5e-4 beats 5e-6.", None),
        ("5e-4 hardly beats 5e-6.", None),
        ("5e-4 beats 5e-6 in test accuracy, so it is the right choice.", None),
        ("5e-6 would overfit after epoch 40.", None),
        ("5e-4 is almost never better than 5e-6.", None),
        ("Most models learn.", None),
        ("5e-4 beats 5e-6 in 4 of 5 seeds.", None),
        ("5e-2 does not fail to learn.", None),
        ("5e-4 is twice as good as 5e-6.", None),
        ("5e-4 beats 5e-6 until they converge.", None),
    ),
    *_of(
        GRID,
        ("lr=0.1, weight_decay=0 overfits.", Overfits(0)),
        ("The learning rate 0.1 with weight decay 5e-4 is best in test accuracy.", Best(1)),
        ("Weight decay 5e-4 overfits.", None),
    ),
    *_of(
        DROPOUT,
        ("Without dropout, the model overfits from epoch 10.", Overfits(0, 10)),
        ("Dropout 0.5 has a smaller gap than no dropout.", X(0, 2, GAP)),
        ("The test accuracy rises with dropout.", Response("model.dropout", TA, UP)),
    ),
    *_of(
        OPTIMIZERS,
        ("SGD generalises as well as Adam.", None),
        ("AdamW has lower test loss than SGD.", X(0, 2, TL)),
    ),
]


#: Written against the reader, to lead it astray: what is denied, who is compared with whom, what is left out.
TRAPS: list[Said] = [
    *_of(
        DECAY,
        ("5e-4 beats 5e-6 in test accuracy and 5e-2 does not learn", (X(1, 2, TA), No(Learns(0)))),
        ("5e-4 beats 5e-6 and 5e-2 in test accuracy", (X(1, 2, TA), X(1, 0, TA))),
        ("5e-4 and 5e-6 do not beat 5e-2", (No(X(1, 0, TA)), No(X(2, 0, TA)))),
        (
            "5e-4 is better than 5e-6 in test accuracy but worse in training accuracy",
            (X(1, 2, TA), X(2, 1, RA)),
        ),
        ("5e-4 has a lower test loss than 5e-6 and a higher test accuracy", (X(2, 1, TL), X(1, 2, TA))),
        ("5e-4 does not overfit but 5e-6 does", (No(Overfits(1)), Overfits(2))),
        ("5e-4 does not beat 5e-6 in test accuracy but does in training accuracy", None),
        ("5e-4 beats neither 5e-6 nor 5e-2", (No(X(1, 2, TA)), No(X(1, 0, TA)))),
        ("Neither 5e-4 nor 5e-6 beats neither", None),
        ("5e-2 is beaten by both 5e-4 and 5e-6", (X(1, 0, TA), X(2, 0, TA))),
        ("5e-2 is not beaten by 5e-4", No(X(1, 0, TA))),
        ("They overfit.", None),
        ("The others learn.", None),
        ("5e-4 does not learn and overfit", None),
        ("5e-4 does not learn and overfits", None),
        ("5e-4 learns and does not overfit", (Learns(1), No(Overfits(1)))),
        ("5e-4 learns but it overfits", (Learns(1), Overfits(1))),
        ("5e-4 beats 5e-6 but it overfits", None),
        ("The smaller weight decay learns.", None),
        ("5e-4 is not better than 5e-6 and 5e-2 is worse than 5e-4", (No(X(1, 2, TA)), X(1, 0, TA))),
        ("The test accuracy of 5e-4 is higher than 0.05", None),
        ("The test accuracy of 5e-4 is higher than 0.5", Level(1, TA, least=0.5)),
        ("5e-4 is above 5e-6 in training accuracy", X(1, 2, RA)),
        ("5e-4 has a higher accuracy than 5e-6 on the training set", X(1, 2, RA)),
        (
            "The accuracy of 5e-4 on the test set is higher than the accuracy of 5e-6 on the training set",
            None,
        ),
        ("Test accuracy decreases with smaller weight decay.", Response("weight_decay", TA, UP)),
        ("In the end 5e-4 and 5e-6 have the same training accuracy, but at first 5e-6 leads.", None),
        ("5e-6 leads 5e-4 in training accuracy until epoch 40", None),
        ("5e-6 leads 5e-4 in training accuracy, but 5e-2 and 5e-4 converge", None),
        ("5e-6 leads 5e-4 in training accuracy, but 5e-6 catches up", None),
        ("5e-4 gives 97 % test accuracy", Figure(1, TA, 0.97, 2)),
        ("5e-4 gives more than 97 test accuracy", None),
        ("5e-4 performs better", None),
        ("5e-4 does not have the highest test accuracy.", None),
        ("Only 5e-4 beats 5e-2.", (X(1, 0, TA), No(X(2, 0, TA)))),
        ("Only 5e-4 and 5e-6 learn.", (Learns(1), Learns(2), No(Learns(0)))),
        ("5e-4 beats only 5e-2.", None),
        ("After 30 epochs 5e-4 beats 5e-6.", X(1, 2, TA)),
        ("The test loss of 5e-4 does not rise after epoch 20.", None),
        ("The validation loss of 5e-4 rises after epoch 20.", None),
        ("After epoch 20 the test loss of 5e-6 rises faster than that of 5e-4.", None),
        ("The train loss of 5e-4 is higher than the test loss of 5e-6.", None),
        ("5e-4 never beats 5e-6.", None),
        ("5e-4 is no longer better than 5e-6.", None),
        ("It is not true that 5e-2 learns and 5e-4 learns.", None),
        ("5e-2 does not learn or overfit.", None),
        ("5e-4 beats 5e-6, not 5e-2.", None),
        ("5e-4 beats 5e-6, but not 5e-2.", None),
        ("5e-4, but not 5e-6, overfits.", (Overfits(1), No(Overfits(2)))),
        ("5e-4 and 5e-6 differ from 5e-2 in test loss", (No(E((1, 0), TL)), No(E((2, 0), TL)))),
        ("5e-4 has the same test accuracy as the others", (E((1, 0), TA), E((1, 2), TA))),
        ("5e-4, 5e-6 and 5e-2 differ in test loss", None),
        ("5e-4, 5e-6 and 5e-2 do not differ in test loss", E((1, 2, 0), TL)),
        ("5e-4 does not differ from 5e-6 and 5e-2 in test loss", None),
        ("Test loss depends on weight decay", No(E((0, 1, 2), TL))),
        ("5e-4 and 5e-6 have the same test accuracy in every epoch", E((1, 2), TA, every=True)),
        ("5e-4 loses", None),
        ("5e-4 not learns", None),
        ("5e-4 doesn't not learn", None),
        ("A weight decay of 5e-4 improves test accuracy", None),
        ("5e-4 beats 5e-6 in test accuracy (not in test loss).", None),
        ("~~5e-4~~ 5e-6 learns", None),
        ("5e-4 learns. 5e-2 does not.", None),
        ("5e-4 is best, 5e-6 is best", (Best(1), Best(2))),
        ("The largest weight decay (5e-4) learns", None),
        ("5e-4 beats 5e-6 by less than 1 % in test accuracy", None),
        ("5e-4 beats 5e-6 by more than 1 % in test loss", None),
        ("0,05 learns", None),
        ("", None),
    ),
]

#: Written when the reader was done, and measured once.
LATER: list[Said] = [
    *_of(
        DECAY,
        ("The network trained with weight decay 5e-2 does not learn.", No(Learns(0))),
        ("Both smaller weight decays learn.", (Learns(1), Learns(2))),
        ("5e-2 stays at chance, while the other two learn.", (No(Learns(0)), Learns(1), Learns(2))),
        ("With a weight decay of 5e-2, the model never learns anything.", No(Learns(0))),
        ("At the end of training, 5e-6 has the lowest training loss.", (X(0, 2, RL), X(1, 2, RL))),
        ("Training accuracy is higher for 5e-6 than for 5e-4 at the best epoch.", X(2, 1, RA, BEST)),
        ("The 5e-6 model beats the 5e-4 model in training accuracy.", X(2, 1, RA)),
        ("5e-4 has a better test loss than 5e-6.", X(2, 1, TL)),
        ("5e-6's final training loss is lower than 5e-4's.", X(1, 2, RL)),
        ("Weight decay 5e-4 generalizes better.", None),
        ("The final test accuracies of 5e-4 and 5e-6 are the same.", E((1, 2), TA)),
        ("5e-4 and 5e-6 are equally good in test accuracy.", None),
        ("5e-4 and 5e-6 perform similarly on the test set.", E((1, 2), TA)),
        ("No difference in test accuracy between 5e-4 and 5e-6.", None),
        ("The test losses of 5e-4 and 5e-6 differ by more than 0.05.", No(E((1, 2), TL, margin=0.05))),
        ("5e-4 and 5e-6 reach similar test accuracy.", E((1, 2), TA)),
        ("5e-6 is ahead in training accuracy at first, but 5e-4 catches up.", None),
        (
            "5e-6 dominates 5e-4 in training accuracy until epoch 1, and then they converge.",
            Dominates(2, 1, RA, 1, converge=True),
        ),
        ("5e-6 leads over 5e-4 in training accuracy for the first 10 epochs.", Dominates(2, 1, RA, 10)),
        ("Up to epoch 12, 5e-6 has a lower training loss than 5e-4.", Dominates(2, 1, RL, 12)),
        (
            "5e-6 has a lower training loss than 5e-4 early on, but later they converge.",
            Dominates(2, 1, RL, None, True),
        ),
        ("5e-4 and 5e-6 overfit, 5e-2 does not.", (Overfits(1), Overfits(2), No(Overfits(0)))),
        ("The test loss of 5e-6 begins to increase at epoch 18.", Overfits(2, 18)),
        ("From epoch 18 the test loss of 5e-6 rises.", Overfits(2, 18)),
        ("Overfitting starts at epoch 18 for 5e-6.", Overfits(2, 18)),
        (
            "After the onset of overfitting, the test loss of 5e-6 grows faster than that of 5e-4.",
            RisesFaster(2, 1),
        ),
        ("5e-6's test loss goes up more quickly than 5e-4's.", RisesFaster(2, 1)),
        ("The best model is 5e-4.", Best(1)),
        ("5e-4 is the best weight decay in test loss at the best epoch.", Best(1, TL, BEST)),
        ("The winner is 5e-4.", None),
        ("5e-2 has the lowest test accuracy.", (X(1, 0, TA), X(2, 0, TA))),
        ("5e-2 did not diverge.", No(Diverges(0))),
        ("5e-6 has not plateaued.", Improving(2)),
        ("The training loss of 5e-4 is still decreasing at the end.", Improving(1, RL)),
        ("5e-4 achieves at least 97 % test accuracy at the end.", Level(1, TA, least=0.97)),
        ("The training accuracy of 5e-6 is above 0.99 at the end.", Level(2, RA, least=0.99)),
        ("The gap of 5e-6 is larger than that of 5e-4.", X(2, 1, GAP)),
        ("More weight decay leads to a lower weight norm.", Response("weight_decay", NORM, DOWN)),
        ("The weight norm shrinks with increasing weight decay.", Response("weight_decay", NORM, DOWN)),
        ("Weight decay reduces the weight norm.", None),
        ("Test accuracy is not affected by weight decay.", None),
        ("Weight decay has no effect on the test accuracy.", E((0, 1, 2), TA)),
        (
            "5e-6 beats 5e-4 in training accuracy, but 5e-4 beats 5e-6 in test accuracy.",
            (X(2, 1, RA), X(1, 2, TA)),
        ),
        ("5e-2 is clearly too strong.", None),
        ("I think 5e-4 is best.", None),
        ("5e-4 should be used.", None),
        ("The difference between 5e-4 and 5e-6 is not significant.", None),
        ("5e-4 beats 5e-6 in most epochs.", None),
        ("5e-4 nearly beats 5e-6.", None),
        ("5e-4 beats 5e-6 only at the end.", None),
        ("Unlike 5e-2, 5e-4 learns.", None),
    )
]
