"""Whitening, as PCA and ZCA share it: features are mixed so that they are uncorrelated and have variance 1."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, cast

from zm_cli.errors import DataError, UsageError
from zm_cli.methods.shared.base import Method, SettingsT, TransformRequest
from zm_cli.methods.shared.expectation import Expectation, Target
from zm_cli.numbers.statistic import FieldError
from zm_cli.statistics.covariance import Covariance
from zm_cli.statsfile.fields import field_error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from zm_cli.data.sink import OutputFeatures
    from zm_cli.data.spec import Spec
    from zm_cli.methods.shared.settings import Settings
    from zm_cli.numbers.comoments.spectrum import Spectrum
    from zm_cli.numbers.moments.moments import Moments
    from zm_cli.numbers.sums import Floats
    from zm_cli.statsfile.stats import Stats
    from zm_cli.transforms.matrix import MatrixTransform

NOISE = 1e-6
"""If all values of a feature are smaller than this, they are rounding errors of one that does not vary."""
MAX_NAMED = 8
"""The most features that a sentence names."""


@dataclass(frozen=True)
class Components:
    """The K directions of a spectrum that are kept, for some settings.

    `directions`, `projections` and `loadings` (K, F) are those of the spectrum. `scale` (K,) is what the values along
    them are divided by, `variances` (K,) are their variances after that, with ddof 0. `share` is their share of all
    variance.
    """

    spectrum: Spectrum
    directions: Floats
    projections: Floats
    loadings: Floats
    scale: Floats
    variances: Floats
    share: float


class Whitening(Method):
    """`(x - mean) W`, where the rows of x are vectors of features, and W is made of the eigenvectors v and the
    eigenvalues of their covariance: `v / sqrt(eigenvalue + epsilon)`.

    Directions in which the data of the statistics do not vary are left out (`find_spectrum` says which), for any
    epsilon: there is nothing to scale them by.
    """

    command = "whiten"
    requires = (Covariance.name,)
    settings = ("ddof", "epsilon", "components")
    names_constant = True
    failing_fills = ("mean", "median")

    lost: ClassVar[str]
    """What happens to directions that are left out, as a clause; `{them}` stands for them."""

    def settle(self, stats: Stats, settings: SettingsT) -> SettingsT:
        """Returns the settings with the number of components."""
        return replace(settings, components=len(find_components(stats, settings).scale))

    def make_transform(self, stats: Stats, settings: Settings, use: TransformRequest) -> MatrixTransform:
        """Returns the product with W, or with what undoes it, for statistics that fit the data.

        With fewer components than there are independent features, the inverse gives the projection on them.
        """
        import numpy as np

        from zm_cli.methods.shared.filling import find_filling
        from zm_cli.numbers.axes import find_feature_axes
        from zm_cli.numbers.stored import find_missing_codes
        from zm_cli.transforms.matrix import MatrixTransform

        spec, found = use.spec, find_components(stats, settings)
        divisor = use.find_divisor(stats)
        filling = find_filling(stats, settings.impute, divisor)
        filled = None if filling is None else (filling.real if use.inverse else filling.divided).ravel()
        mean, absent = find_covariance(stats).comoments.means(), found.spectrum.absent
        matrix = self.make_matrix(found, inverse=use.inverse)
        features = self.find_features(stats, spec, matrix.shape[1], inverse=use.inverse)
        shape = spec.sample_shape if features is None else features.sample_shape
        return MatrixTransform(
            matrix=np.ascontiguousarray(matrix),
            shift=np.where(absent, 0.0, mean),
            axis=None if stats.per == "pixel" else (*find_feature_axes(spec.axes, "channel"), len(spec.axes))[0],
            sample_shape=cast("tuple[int, ...]", shape) if stats.per == "pixel" else (),
            filled=filled,
            absent=absent if absent.any() else None,
            known=self.describe_moments(stats, found),
            features=features,
            dtype=use.dtype,
            divisor=divisor,
            missing_codes=find_missing_codes(spec, None if use.inverse else stats.ignore),
            packing=spec.affine_packing,
            inverse=use.inverse,
        )

    @abstractmethod
    def make_matrix(self, found: Components, *, inverse: bool) -> Floats:
        """Returns W, shape (F, K), or what undoes it, (K, F)."""

    @abstractmethod
    def find_features(self, stats: Stats, spec: Spec, number: int, *, inverse: bool) -> OutputFeatures | None:
        """Returns the new features of samples with this spec, `number` of them; None if they keep theirs."""

    @abstractmethod
    def describe_moments(self, stats: Stats, found: Components) -> Moments:
        """Returns the moments that the data of the statistics have after the transform."""

    @abstractmethod
    def list_targets(self, settings: Settings) -> tuple[Target, ...]:
        """Returns what a check measures of the output, and the values that it must have."""

    def expect(self, settings: Settings) -> Expectation:
        """Variances of 1 and no correlation, as far as the settings allow; see `list_targets`."""
        return Expectation(
            self.list_targets(settings),
            constant="variation",
            noise=NOISE,
            ddof=settings.ddof,
            requires=self.requires,
        )

    def list_warnings(self, stats: Stats, settings: Settings) -> list[str]:
        """Returns sentences about the directions in which the data do not vary."""
        spectrum = find_components(stats, settings).spectrum
        number, warnings = len(spectrum.constant), []
        if constant := int(spectrum.constant.sum()):
            named, do = _name_features(stats, spectrum.constant), "does" if constant == 1 else "do"
            lost = self.lost.format(them="it" if constant == 1 else "them")
            warnings.append(f"{constant} of {number:,} features {do} not vary ({named}), so that {lost}")
        if spectrum.dependent:
            named, one = _name_features(stats, spectrum.involved), spectrum.dependent == 1
            lost = self.lost.format(them="it" if one else "them")
            directions = "1 direction does" if one else f"{spectrum.dependent} directions do"
            warnings.append(f"{directions} not vary, as features follow from one another ({named}), so that {lost}")
        return warnings

    def list_notes(self, stats: Stats, settings: Settings, *, inverse: bool) -> list[str]:
        """Returns a sentence about the share of the variance that is kept, if directions are left out."""
        found = find_components(stats, settings)
        kept, all_ = len(found.scale), len(found.spectrum.variances)
        if kept == all_:
            return []
        held = f"{100 * found.share:.4g}% of the variance"
        if inverse:
            return [f"the projection on {kept:,} of {all_:,} components is restored, with {held}"]
        return [f"{kept:,} of {all_:,} components kept, with {held}"]


def find_covariance(stats: Stats) -> Covariance:
    """Returns the covariance in statistics; raises DataError if they have none."""
    covariance = stats.get_statistic(Covariance)
    if covariance is None:
        raise DataError("holds no covariance", where="--stats", hint="measure with zm stats --covariance")
    return covariance


def find_components(stats: Stats, settings: Settings) -> Components:
    """Returns the directions that are kept with these settings.

    `settings.components` is their number, or a share: as few as hold that share of all variance are kept.
    Raises UsageError for more components than features, DataError where there are too few samples or nothing varies.
    """
    import numpy as np

    if stats.per == "all":
        raise UsageError("whitening needs several features, --per all makes one of them", hint="use another --per")
    covariance, asked = find_covariance(stats), settings.components
    features, count = len(covariance.comoments.mean), covariance.comoments.count
    if count < 2:
        lack = "" if stats.samples < 2 else "; those that lack a value do not count"
        raise DataError(f"too few samples to be whitened: {count}{lack}", where=stats.sources[0].path)
    if isinstance(asked, int) and asked > features:
        raise UsageError(f"there are only {features:,} features", where="--components")
    try:
        spectrum = covariance.spectrum
    except FieldError as error:
        raise field_error(error.field, error.what, "--stats") from error
    except ValueError as error:
        raise DataError(f"cannot be whitened: {error}", where=stats.sources[0].path) from error
    if not len(spectrum.variances):
        raise DataError("no feature varies, so that there is nothing to whiten", where=stats.sources[0].path)
    sums = np.cumsum(spectrum.variances)
    if asked is None or (asked == 1.0 and isinstance(asked, float)):
        number = len(sums)
    elif isinstance(asked, int):
        number = min(asked, len(sums))
    else:
        number = min(int(np.searchsorted(sums, asked * sums[-1])) + 1, len(sums))
    variances = spectrum.variances[:number]
    scale = np.sqrt(variances * (count / (count - settings.ddof)) + settings.epsilon)
    share = float(sums[number - 1] / sums[-1])
    directions, projections, loadings = (
        each[:number] for each in (spectrum.directions, spectrum.projections, spectrum.loadings)
    )
    return Components(spectrum, directions, projections, loadings, scale, variances / scale**2, share)


def make_moments(stats: Stats, shape: tuple[int, ...], variances: Floats) -> Moments:
    """Returns moments of this shape with mean 0, these variances, and the number of complete samples.

    The extremes are not known, so they are infinite.
    """
    import numpy as np

    from zm_cli.numbers.moments.moments import Moments

    count = np.full(shape, find_covariance(stats).comoments.count, np.int64)
    zero, end = np.zeros(shape), np.full(shape, np.inf)
    m2, none = variances.reshape(shape) * count, np.zeros(shape, np.int64)
    return Moments(count=count, mean=zero, tail=zero, m2=m2, min=-end, max=end, missing=none)


def expect_variances(settings: Settings) -> tuple[Target, Target]:
    """Returns a mean of 0 and a standard deviation of 1, or less with an epsilon, or if missing values were filled."""
    smaller = settings.epsilon > 0 or settings.impute is not None
    return Target("mean", 0.0), Target("std", 1.0, or_less=smaller, varying=True)


def _name_features(stats: Stats, chosen: NDArray[np.bool_]) -> str:
    import numpy as np

    return stats.quote_features(np.flatnonzero(chosen), MAX_NAMED)
