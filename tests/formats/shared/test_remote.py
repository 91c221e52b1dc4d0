"""Addresses of data on other machines: what they are, and how to get at them."""

from __future__ import annotations

from pathlib import Path

import pytest

from zm_cli.errors import UsageError
from zm_cli.formats import detect


@pytest.mark.parametrize(
    ("address", "way"),
    [
        ("s3://bucket/train.csv", "try: aws s3 cp s3://bucket/train.csv - | zm stats -"),
        ("s3://bucket/x.h5", "try: aws s3 cp s3://bucket/x.h5 . && zm inspect x.h5"),
        ("s3://bucket/train/", "mkdir -p data && aws s3 sync s3://bucket/train/ data && zm inspect data"),
        ("gs://bucket/t.csv.gz", "try: gcloud storage cat gs://bucket/t.csv.gz | zm stats -"),
        ("https://host/t.tsv?a=1&b=2", "try: curl -fsSL 'https://host/t.tsv?a=1&b=2' | zm stats -"),
        ("HTTP://host/x.npy", "try: curl -fLO HTTP://host/x.npy && zm inspect x.npy"),
        ("abfs://host/x.csv", "copy it here first"),
        ("file:///data/x.csv", "write /data/x.csv"),
    ],
)
def test_an_address_is_not_called_a_missing_file(address: str, way: str) -> None:
    for kind in (None, "csv"):
        with pytest.raises(UsageError) as caught:
            detect(address, kind)
        assert caught.value.where == address
        assert caught.value.hint == way


def test_a_path_that_looks_like_an_address_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s3:" / "b").mkdir(parents=True)
    (tmp_path / "s3:" / "b" / "t.csv").write_text("a\n1\n")
    assert detect("s3://b/t.csv").kind == "csv"
    with pytest.raises(UsageError, match="does not exist"):
        detect("c:/none.csv")
