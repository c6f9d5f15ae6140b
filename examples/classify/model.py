"""A multinomial naive-Bayes classifier over character n-grams, in plain Python."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

LONGEST_GRAM = 3


def grams(text: str) -> Iterator[str]:
    """All n-grams up to LONGEST_GRAM of the text's words, each word between two blanks."""
    padded = f" {' '.join(text.lower().split())} "
    for size in range(1, LONGEST_GRAM + 1):
        for start in range(len(padded) - size + 1):
            yield padded[start : start + size]


class NaiveBayes:
    """Trained once, then read only."""

    def __init__(self, examples: Iterable[tuple[str, str]]) -> None:
        """Trains on (label, text) pairs; every label counts as equally likely beforehand."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for label, text in examples:
            counts[label].update(grams(text))
        vocabulary = len(set().union(*counts.values()))
        # Laplace smoothing: a gram never seen with a label counts half.
        self._log_likelihood: dict[str, dict[str, float]] = {}
        self._log_unseen: dict[str, float] = {}
        for label, seen in counts.items():
            total = seen.total() + vocabulary / 2
            self._log_likelihood[label] = {g: math.log((n + 0.5) / total) for g, n in seen.items()}
            self._log_unseen[label] = math.log(0.5 / total)

    def probabilities(self, text: str) -> dict[str, float]:
        """The posterior probability of every label, the most likely first."""
        found = Counter(grams(text))
        scores = {
            label: sum(n * known.get(g, self._log_unseen[label]) for g, n in found.items())
            for label, known in self._log_likelihood.items()
        }
        best = max(scores.values())
        weights = {label: math.exp(score - best) for label, score in scores.items()}
        total = sum(weights.values())
        ranked = sorted(weights, key=lambda label: (-weights[label], label))
        return {label: weights[label] / total for label in ranked}
