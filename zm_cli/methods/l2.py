"""Scaling of samples: each one is divided by its Euclidean norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zm_cli.methods.shared.base import Method, TransformRequest
from zm_cli.methods.shared.expectation import Expectation, Target

if TYPE_CHECKING:
    from zm_cli.methods.shared.settings import Settings
    from zm_cli.statsfile.stats import Stats
    from zm_cli.transforms.sample_norm import SampleNormTransform


class L2(Method):
    """`x / norm(x)`, with the Euclidean norm of all values of a sample, as scikit-learn's Normalizer.

    Missing values do not count for the norm and stay missing; a sample of zeros stays one.
    """

    name = "l2"
    command = "scale"
    help = "each sample to length 1"
    measures = False
    has_inverse = False

    def make_transform(self, stats: Stats, settings: Settings, use: TransformRequest) -> SampleNormTransform:
        """Returns the transform; of the statistics, it only uses which value is missing."""
        from zm_cli.numbers.stored import find_missing_codes
        from zm_cli.transforms.sample_norm import SampleNormTransform

        spec = use.spec
        assert not isinstance(settings.impute, str)
        return SampleNormTransform(
            filled=settings.impute,
            dtype=use.dtype,
            missing_codes=find_missing_codes(spec, stats.ignore),
            packing=spec.affine_packing,
        )

    def expect(self, settings: Settings) -> Expectation:
        """Samples of length 1, or 0 for those of zeros; how many these are is not measured."""
        return Expectation((Target("length", 1.0, or_less=True),), constant="length", together=True)


METHOD = L2()
