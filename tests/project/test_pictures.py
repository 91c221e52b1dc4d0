"""The pictures in docs/ are what their scripts draw."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from scripts.draw_conditioning import STEPS, TARGET, descend_all, draw


def test_the_picture_of_conditioning_has_the_bytes_that_its_script_writes() -> None:
    assert TARGET.read_bytes() == draw().encode()
    assert ElementTree.fromstring(draw()).tag.endswith("svg")


def test_each_way_is_as_fast_as_its_condition_number_says() -> None:
    raw, centered, standardized = descend_all()
    assert raw.condition > 4 * centered.condition > 4 * standardized.condition
    for way in (raw, centered, standardized):
        ratio = (way.condition - 1) / (way.condition + 1)
        # With the best step, both components shrink alike, so that the bound is met.
        assert way.left == pytest.approx(ratio**STEPS, rel=1e-9)
        np.testing.assert_allclose(np.linalg.norm(way.path, axis=1)[1:], np.linalg.norm(way.path, axis=1)[:-1] * ratio)
