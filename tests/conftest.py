"""What every test shares: how many examples properties are tried on."""

from __future__ import annotations

from hypothesis import settings

from tests.systems import ALL, QUICK

settings.register_profile(QUICK, max_examples=ALL // 5)
