"""Recognizes addresses of data on other machines, and says how to get the data: zm reads only local files."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping

from zm_cli.errors import UsageError

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_TABLES = (".csv", ".tsv", ".tab", ".csv.gz", ".tsv.gz", ".tab.gz", ".csv.zst", ".tsv.zst", ".tab.zst")

_PIPES: Mapping[str, str] = {
    "s3": "aws s3 cp {} -",
    "gs": "gcloud storage cat {}",
    "http": "curl -fsSL {}",
    "https": "curl -fsSL {}",
    "ftp": "curl -fsSL {}",
    "hdfs": "hdfs dfs -cat {}",
}
"""Commands that write a file to standard output, by the scheme of its address."""
_COPIES: Mapping[str, str] = {
    "s3": "aws s3 cp {} .",
    "gs": "gcloud storage cp {} .",
    "http": "curl -fLO {}",
    "https": "curl -fLO {}",
    "ftp": "curl -fLO {}",
    "hdfs": "hdfs dfs -get {} .",
}
"""Commands that copy a file to the current folder."""
_FOLDERS: Mapping[str, str] = {
    "s3": "aws s3 sync {} data",
    "gs": "gcloud storage rsync -r {} data",
    "hdfs": "hdfs dfs -get {} data",
}
"""Commands that copy a folder to the folder `data`."""


def make_remote_error(text: str) -> UsageError | None:
    """Returns the error for an address of data elsewhere, such as `s3://bucket/train.csv`; None for any other text."""
    found = _SCHEME.match(text)
    if found is None:
        return None
    scheme, quoted = found[1].lower(), shlex.quote(text)
    if scheme == "file":
        return UsageError("is an address, not a path", where=text, hint=f"write {text[found.end() :]}")
    name = os.path.basename(re.split("[?#]", text)[0])
    if scheme not in _PIPES:
        hint = "copy it here first"
    elif text.endswith("/") and scheme in _FOLDERS:
        hint = f"mkdir -p data && {_FOLDERS[scheme].format(quoted)} && zm inspect data"
    elif name.lower().endswith(_TABLES):
        hint = f"try: {_PIPES[scheme].format(quoted)} | zm stats -"
    else:
        hint = f"try: {_COPIES[scheme].format(quoted)} && zm inspect {shlex.quote(name or 'FILE')}"
    return UsageError("is not a local file, and zm reads only local files", where=text, hint=hint)
