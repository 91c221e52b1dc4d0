"""The digest of statistics that receipts keep, the same for all versions of zm and all forms of the stats file."""

from __future__ import annotations

import xxhash

from zm_cli.data.digest import format_digest
from zm_cli.statsfile.encode import to_json
from zm_cli.statsfile.stats import Stats

DIGESTED = (
    *("format", "version", "per", "samples", "partial", "axes", "sample_shape", "names", "dtype", "range", "unit"),
    *("ignore", "decoding", "sources", "made", "count", "missing", "mean", "std", "var", "min", "max", "m2"),
)
"""The fields that a digest covers, in this order. Never change them: `--inverse` would refuse all earlier outputs.

What is not among them (`tail`, `classes`, `requires`, `provenance`, `transform`, optional statistics) does not change a
digest. Fields added later must not change it either.
"""

DIGESTED_OF_SOURCE = ("path", "kind", "samples", "bytes", "digest", "skipped")
"""The fields of each source that a digest covers, in this order. Never change them either."""


def digest_stats(stats: Stats) -> str:
    """Returns a hash of the statistics, the same for every form of the stats file."""
    document = stats.to_document()
    sources = [{field: source[field] for field in DIGESTED_OF_SOURCE} for source in document["sources"]]
    # The first stats files had a field `made`, which was null in the digest.
    fixed = {"version": 1, "made": None, "sources": sources}
    covered = {field: fixed[field] if field in fixed else document[field] for field in DIGESTED}
    return format_digest(xxhash.xxh3_128(to_json(covered).encode()))
