"""PCA: the values along the directions of the largest variance, each divided by its standard deviation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from zm_cli.data.sink import OutputFeatures
from zm_cli.methods.shared.expectation import Target
from zm_cli.methods.shared.whitening import Components, Whitening, expect_variances, find_components, make_moments

if TYPE_CHECKING:
    from zm_cli.data.spec import Spec
    from zm_cli.methods.shared.settings import Settings
    from zm_cli.numbers.moments.moments import Moments
    from zm_cli.numbers.sums import Floats
    from zm_cli.statsfile.stats import Stats


class Pca(Whitening):
    """The principal components, the largest variance first: `(x - mean) . v / sqrt(eigenvalue + epsilon)`.

    They take the place of the features: columns `pc1`, `pc2`, ... of a table, as many channels, or one vector for each
    sample if every value of a sample is a feature. With epsilon 0 and ddof 1 they are those of scikit-learn's
    `PCA(whiten=True)`, except for the signs.
    """

    name = "pca"
    help = "components in place of the features"
    checked = True
    lost = "there are fewer components"

    def make_matrix(self, found: Components, *, inverse: bool) -> Floats:
        """Returns `v / scale` as columns, or `v * scale` as rows."""
        if inverse:
            return found.loadings * found.scale[:, None]
        return (found.projections / found.scale[:, None]).T

    def find_features(self, stats: Stats, spec: Spec, number: int, *, inverse: bool) -> OutputFeatures | None:
        """Returns the components that replace the features, or for an inverse the features."""
        names = (stats.names or ()) if inverse else name_components(number)
        if stats.per != "pixel":
            return OutputFeatures(spec.axes, _replace_channels(spec, number), names) if "C" in spec.axes else None
        return OutputFeatures(stats.axes, stats.sample_shape) if inverse else OutputFeatures("NC", (number,))

    def describe_moments(self, stats: Stats, found: Components) -> Moments:
        """Returns mean 0 and, for each component, variance 1 less what epsilon and ddof take away."""
        return make_moments(stats, (len(found.variances),), found.variances)

    def describe_output(self, stats: Stats, settings: Settings) -> Stats:
        """Returns the statistics of the components."""
        found = find_components(stats, settings)
        number = len(found.scale)
        made = replace(stats, names=None, moments=self.describe_moments(stats, found), statistics={})
        if stats.per == "pixel":
            decoding = {name: value for name, value in stats.decoding.items() if name != "layout"}
            return replace(made, per="column", axes="NC", sample_shape=(number,), decoding=decoding)
        if stats.per == "column":
            names = None if stats.names is None else name_components(number)
            return replace(made, sample_shape=(number,), names=names)
        return replace(made, sample_shape=_replace_channels(stats, number))

    def list_targets(self, settings: Settings) -> tuple[Target, ...]:
        """Returns means, variances and no correlation; after missing values were filled, there may be correlation."""
        return (*expect_variances(settings), *(() if settings.impute is not None else (Target("correlated", 0.0),)))


def name_components(number: int) -> tuple[str, ...]:
    """Returns the names of so many components: pc1, pc2, ..."""
    return tuple(f"pc{index}" for index in range(1, number + 1))


def _replace_channels(described: Spec | Stats, number: int) -> tuple[int | None, ...]:
    """Returns the shape of a sample with another number of channels."""
    if "C" not in described.axes:
        return described.sample_shape
    index = described.axes.index("C") - 1
    return (*described.sample_shape[:index], number, *described.sample_shape[index + 1 :])


METHOD = Pca()
