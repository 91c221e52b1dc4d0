"""Describes in one line what was transformed, and what was left as it is."""

from __future__ import annotations

from zm_cli.data.sink import OutputFeatures
from zm_cli.data.source import Source
from zm_cli.inputs.name_lists import quote_few
from zm_cli.outputs.receipt import DONE
from zm_cli.pipeline.applying.indicators import find_indicators
from zm_cli.pipeline.options import ApplyOptions

MAX_LISTED = 8
"""The most names that are listed, both of transformed columns and of those left as they are."""


def describe_done(options: ApplyOptions) -> str:
    """Returns what data are after the operation, such as "standardized", with the method where there are several."""
    done = DONE[options.operation]
    return done if options.method is None else f"{done} ({options.method})"


def describe_transformed(source: Source, options: ApplyOptions, features: OutputFeatures | None = None) -> str:
    """Returns which columns or dataset of a source are transformed, and which are not; empty if there is no choice.

    `features` are those of the output, where they are not those of the source. Raises DataError where the file cannot
    be read.
    """
    spec = source.spec
    done = "restored" if options.inverse else describe_done(options)
    if spec.axes == "NC" and spec.names is not None:
        names, known = list(spec.names), set(spec.names)
        removed = list(find_indicators(source, features).values()) if options.inverse else []
        left = [name for name in spec.columns or () if name not in known and name not in removed]
        said = f"{len(names):,} column{'s' * (len(names) != 1)} {done}: {quote_few(names, MAX_LISTED)}"
        if features is not None and features.names:
            said += f", now {quote_few(features.names, MAX_LISTED)}"
    elif dataset := spec.decoding.get("dataset"):
        # Only the first shard has the rest of the file.
        left = [] if spec.shard is not None and spec.shard.index > 1 else list(source.facts().kept)
        removed, said = [], f"{done}: '{dataset}'"
        if not left:
            return ""
    else:
        return ""
    rest = f"; left as {'it is' if len(left) == 1 else 'they are'}: {quote_few(left, MAX_LISTED)}" if left else ""
    again = ", and their cells missing again" if (source.receipt or {}).get("impute") is not None else ""
    end = f"; removed{again}: {quote_few(removed, MAX_LISTED)}" if removed else ""
    return said + rest + end
