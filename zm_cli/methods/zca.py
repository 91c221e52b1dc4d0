"""ZCA: whitened values that stay as near to the original ones as possible, each feature in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from zm_cli.methods.shared.expectation import Target
from zm_cli.methods.shared.whitening import Components, Whitening, expect_variances, find_components, make_moments

if TYPE_CHECKING:
    from zm_cli.data.spec import Spec
    from zm_cli.methods.shared.settings import Settings
    from zm_cli.numbers.moments.moments import Moments
    from zm_cli.numbers.sums import Floats
    from zm_cli.statsfile.stats import Stats


class Zca(Whitening):
    """The components of PCA, turned back to the features: `W = V diag(1 / sqrt(eigenvalue + epsilon)) V^T`.

    Bell & Sejnowski 1997, "The 'independent components' of natural scenes are edge filters".
    """

    name = "zca"
    default = True
    help = "the features, uncorrelated"
    lost = "nothing is left of {them}"

    def make_matrix(self, found: Components, *, inverse: bool) -> Floats:
        """Returns W, shape (F, F), or what undoes it within the directions that are kept."""
        if inverse:
            return (found.directions.T * found.scale) @ found.loadings
        return (found.projections.T / found.scale) @ found.directions

    def find_features(self, stats: Stats, spec: Spec, number: int, *, inverse: bool) -> None:
        """Returns None: the features stay what they are."""

    def describe_moments(self, stats: Stats, found: Components) -> Moments:
        """Returns mean 0, and variance 1 less what is lost in directions that are left out."""
        variances = (found.directions**2 * found.variances[:, None]).sum(axis=0)
        return make_moments(stats, stats.moments.mean.shape, variances)

    def describe_output(self, stats: Stats, settings: Settings) -> Stats:
        """Returns statistics of the same features."""
        return replace(stats, statistics={}, moments=self.describe_moments(stats, find_components(stats, settings)))

    def list_targets(self, settings: Settings) -> tuple[Target, ...]:
        """Returns a covariance that is a projection on the directions that are kept: the identity if all of them are.

        With an epsilon it is not, and variances are only known to be at most 1.
        """
        mean, variance = expect_variances(settings)
        known = settings.epsilon == 0 and settings.impute is None
        return mean, replace(variance, or_less=True), *((Target("projected", 0.0),) if known else ())


METHOD = Zca()
