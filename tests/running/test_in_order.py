"""Answers that arrive in any order are taken in the order of their items."""

from __future__ import annotations

import pytest

from zm_cli.running.in_order import AnswersInOrder


def test_answers_are_taken_in_the_order_of_the_items() -> None:
    answers = AnswersInOrder()
    answers.put(1, (True, "b"))
    assert not answers.has_next()
    answers.put(0, (True, "a"))
    assert [answers.take_next(), answers.take_next()] == ["a", "b"]
    assert (answers.taken, len(answers), answers.has_next()) == (2, 0, False)


def test_an_error_is_raised_when_it_is_its_turn() -> None:
    answers = AnswersInOrder()
    answers.put(1, (False, ValueError("b is wrong")))
    answers.put(0, (True, "a"))
    assert answers.take_next() == "a"
    with pytest.raises(ValueError, match="b is wrong"):
        answers.take_next()
