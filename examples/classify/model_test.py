"""Tests of the classifier: python3 -m unittest discover -s examples/classify -p '*_test.py'."""

import unittest

from model import NaiveBayes, grams


class NaiveBayesTest(unittest.TestCase):
    def test_grams_mark_where_words_begin_and_end(self):
        self.assertEqual(list(grams("Ab")), [" ", "a", "b", " ", " a", "ab", "b ", " ab", "ab "])

    def test_a_text_like_one_label_is_given_that_label_first(self):
        model = NaiveBayes([("x", "aaa aab"), ("y", "zzz zzy")])
        self.assertEqual(list(model.probabilities("aab")), ["x", "y"])

    def test_probabilities_sum_to_one(self):
        model = NaiveBayes([("x", "one two"), ("y", "three four"), ("z", "five")])
        self.assertAlmostEqual(sum(model.probabilities("two five").values()), 1.0)

    def test_equal_probabilities_are_ordered_by_label(self):
        model = NaiveBayes([("y", "same"), ("x", "same")])
        self.assertEqual(list(model.probabilities("same")), ["x", "y"])


if __name__ == "__main__":
    unittest.main()
