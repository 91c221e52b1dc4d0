"""The text of a JSON stats file from a stranger: refused in one line and bounded memory where it is not plain JSON."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.hostile_stats import document_of, images, measured, refused
from tests.made import make_stats
from tests.shell import run_zm
from tests.systems import needs_fifo, slow
from zm_cli.data.spec import Spec
from zm_cli.errors import DataError, UsageError
from zm_cli.numbers.moments.arrays import WEIGHTS
from zm_cli.numbers.statistic import MAX_FEATURES
from zm_cli.statistics.quantiles import Quantiles
from zm_cli.statsfile import json_array
from zm_cli.statsfile.arrays import known_arrays
from zm_cli.statsfile.json_array import to_array
from zm_cli.statsfile.json_text import HEADER_BYTES, JSON_BYTES, JSON_FEATURES, parse_json
from zm_cli.statsfile.store import check_features, check_room, is_stats_file, load_stats, save_stats

MEMORY = 1500 << 20
TEXT = json.dumps(document_of(images()))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"[]", "is not a JSON object"),
        (b"{}", "not a stats file"),
        (b"\xef\xbb\xbf" + TEXT.encode(), "byte order mark"),
        (TEXT.encode("utf-16"), "byte order mark"),
        (TEXT.encode("utf-16-le"), "is not JSON"),
        (TEXT.encode().replace(b'"R"', b'"\xe9"'), "is not JSON"),
        (TEXT + "{}", "goes on"),
        (TEXT + "\0", "goes on"),
        (TEXT[:-1], "is not JSON"),
        (TEXT[:-1] + ",}", "is not JSON"),
        (TEXT[:-1] + ', "unit": true}', "'unit' twice"),
        (TEXT[:-1] + ', "un\\u0069t" : true}', "'unit' twice"),
        (TEXT.replace('"ignore": null', '"ignore": nullx'), "is not JSON"),
        (TEXT.replace('{"path"', '{"path": "other", "path"'), "twice"),
        (TEXT.replace('"ignore": null', '"ignore": NaN'), "NaN"),
        (TEXT.replace('"ignore": null', '"ignore": -Infinity'), "-Infinity"),
        (TEXT.replace('"min": [', '"min": [NaN, '), "NaN"),
        (TEXT.replace('"samples": 6', '"samples": ' + "1" * 10**7), "is not JSON"),
        (TEXT.replace('"ignore": null', '"ignore": 1e' + "9" * 10**6), "'ignore'"),
        (TEXT.replace('"mean": [', '"mean": [1.' + "1" * 10**7 + ", "), "'mean'"),
        (TEXT.replace('"mean": [', '"mean": [1e999999999, '), "'mean'"),
        (TEXT.replace('"decoding": {', '"decoding": {"mode": ' + '{"":' * 10**6), "one inside another"),
        (TEXT.replace('"mean": [', '"mean": [' + "[" * 10**6), "'mean'"),
        (b"{" + b",".join(b'"%d":0' % number for number in range(10**5)) + b"}", "more fields"),
        (b'{"' + b"k" * 10**6 + b'": 1}', "name that is too long"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_text_that_is_not_plain_json_is_refused(tmp_path: Path, content: bytes | str, says: str) -> None:
    assert says in refused(content, tmp_path)


def test_a_field_larger_than_the_first_look_is_read_whole(tmp_path: Path) -> None:
    values = np.arange(4000.0).reshape(2, 2000)
    stats = make_stats(values, "column", axes="NC", names=tuple(f"ü{number}" for number in range(2000)))
    document = document_of(stats)
    for ascii_only in (True, False):
        for space in ("", " " * 5000):
            text = json.dumps(document, ensure_ascii=ascii_only).replace('"per"', f'{space}"per"{space}')
            (tmp_path / "a.json").write_text(text, encoding="utf-8")
            assert load_stats(str(tmp_path / "a.json")).names == stats.names


def test_fields_may_stand_in_any_order_and_numbers_without_a_point(tmp_path: Path) -> None:
    document = document_of(images())
    document["min"] = [int(number) for number in document["min"]]
    (tmp_path / "a.json").write_text(json.dumps(document, sort_keys=True, indent=7))
    assert is_stats_file(str(tmp_path / "a.json"))
    np.testing.assert_array_equal(load_stats(str(tmp_path / "a.json")).moments.min, images().moments.min)


@slow
@pytest.mark.parametrize(
    "write",
    [
        lambda file: file.write(b"[" * 50_000_000),
        lambda file: file.write(b'{"format":"zm-stats","names":[' + b"[],[0]," * 2_000_000),
        lambda file: file.write(b'{"format":"zm-stats","mean":[' + b"[]," * 50_000_000),
        lambda file: file.write(b'{"format":"zm-stats","mean":[' + b"[[[[[[0]]]]]]," * 250_000 + b"1]}"),
        lambda file: file.write(b'{"decoding":[' + (b'{"":' * 150 + b"1" + b"}" * 150 + b",") * 4_000 + b"1]}"),
        lambda file: file.truncate(20 << 30),
    ],
    ids=["opened", "lists", "numbers", "deep", "objects", "sparse"],
)
def test_a_large_file_takes_bounded_memory(tmp_path: Path, write: Callable[[io.BufferedWriter], object]) -> None:
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        write(file)
    says, peak = measured(path)
    assert says.startswith(str(path))
    assert peak < MEMORY


def test_a_json_larger_than_the_limit_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(TEXT.encode())
    os.truncate(path, JSON_BYTES + 1)
    says, _ = measured(path)
    assert "350 MB of JSON; keep it as .npz" in says


def pixels(features: int) -> Spec:
    """Data whose samples have so many pixels."""
    return Spec("hdf5", "NHW", (features, 1), np.dtype("uint8"))


def test_features_beyond_what_a_file_holds_are_refused_before_the_work(tmp_path: Path) -> None:
    for name in (str(tmp_path / "a.json"), "-"):
        check_room(name, [pixels(JSON_FEATURES)], "pixel", "x.h5")
        check_room(name, [pixels(JSON_FEATURES + 1)], "all", "x.h5")
        with pytest.raises(UsageError, match=r"1,000,001; end its name in \.npz"):
            check_room(name, [pixels(JSON_FEATURES + 1)], "pixel", "x.h5")
    for name in ("a.npz", "a.h5"):
        check_room(str(tmp_path / name), [pixels(MAX_FEATURES)], "pixel", "x.h5")
        with pytest.raises(UsageError, match="at most"):
            check_room(str(tmp_path / name), [pixels(MAX_FEATURES + 1)], "pixel", "x.h5")


def test_what_would_not_be_read_is_not_written(tmp_path: Path) -> None:
    stats = make_stats(np.ones((2, 2)), "column", axes="NC", names=("a", "x" * HEADER_BYTES))
    for suffix in (".json", ".npz", ".h5"):
        with pytest.raises(DataError, match="MB of names"):
            save_stats(stats, str(tmp_path / f"a{suffix}"))
    assert not list(tmp_path.iterdir())


def test_the_longest_numbers_of_as_many_features_as_json_holds_fit_into_it() -> None:
    # With the commas and brackets of 12 axes, and as many names as a file holds. Weights do not stand beside sums; the
    # arrays of sections may be longer, and what does not fit is found when the file is written.
    arrays = [array for field, array in known_arrays().items() if "." not in field and field not in WEIGHTS]
    longest = [str(2**63 - 1) if array.whole else "-2.2250738585072014e-308" for array in arrays]
    assert (sum(len(f"{number}, ") for number in longest) + 12) * JSON_FEATURES + HEADER_BYTES < JSON_BYTES


@needs_fifo
@pytest.mark.parametrize("suffix", [".json", ".npz", ".h5"])
def test_a_folder_a_device_or_a_silent_pipe_is_refused_at_once(tmp_path: Path, suffix: str) -> None:
    folder, pipe, device = (tmp_path / f"{name}{suffix}" for name in ("folder", "pipe", "device"))
    folder.mkdir()
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    for path in (folder, pipe, device):
        assert not is_stats_file(str(path))
        with pytest.raises((UsageError, DataError)):
            load_stats(str(path))


def test_json_comes_through_a_pipe_too(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, TEXT.encode())
    os.close(writing)
    try:
        assert load_stats(f"/dev/fd/{reading}").names == ("R", "G", "B")
    finally:
        os.close(reading)
    assert run_zm("standardize", tmp_path / "none", "-o", "x.h5", "--stats", "-", stdin=b"[").code in (2, 3)


def flat(text: str, monkeypatch: pytest.MonkeyPatch, size: int) -> NDArray[Any]:
    """What a flat array is read as, in pieces of `size` bytes."""
    monkeypatch.setattr(json_array, "PIECE_BYTES", size)
    found: NDArray[Any] = parse_json(f'{{"a": [{text}]}}'.encode(), "here", (), {"a"})["a"]
    return found


@pytest.mark.parametrize("text", ["", "1", "1, 2,3 ,\n4, 5", "1, 2.5, null, -0.0, 5e-324, 7", f"{2**63}, 1.5, 2, 3, 4"])
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_a_long_flat_array_is_read_in_pieces(text: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found, expected = flat(text, monkeypatch, size), to_array(json.loads(f"[{text}]"))
    assert (found.dtype, found.tobytes()) == (expected.dtype, expected.tobytes())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,", "not an array of numbers"),
        ("1,,2", "not an array of numbers"),
        (",1", "not an array of numbers"),
        ("1, {}", "not a number"),
        ("1, true", "not a number"),
        ("1, 2}, 3", "not an array of numbers"),
        ("1, NaN", "NaN"),
        (f"1, 2, {2**63}", "too large"),
        (f"1.5, 2, 1{'0' * 400}", "too large"),
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_a_flat_array_of_something_else_is_refused(
    text: str, says: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match=says):
        flat(text, monkeypatch, size)


def test_the_values_that_data_can_have_bound_the_numbers_of_quantiles(tmp_path: Path) -> None:
    name, few = str(tmp_path / "a.json"), Spec("npy", "NC", (4096,), np.dtype("float32"), samples=40)
    check_room(name, [few], None, "x.npy", [Quantiles])
    check_room(name, [replace(few, samples=10**6, dtype=np.dtype("uint8"))], None, "x.npy", [Quantiles])
    many = replace(few, samples=1990)
    for specs in ([replace(few, samples=10**6)], [replace(few, samples=None)], [many, many]):
        with pytest.raises(UsageError, match=r"at most 8,000,000 .* --quantiles of 4,096 .* up to \d\d?,.*\.npz"):
            check_room(name, specs, None, "x.npy", [Quantiles])
    with pytest.raises(UsageError, match="--method robust of 4,096 features"):
        check_room(name, [many, many], None, "x.npy", [Quantiles], {"quantiles": "--method robust"})
    check_features(name, 4096, [Quantiles], different=0)


@pytest.mark.parametrize("target", ["a.json", "-"])
def test_arrays_that_are_too_long_to_be_read_are_not_written(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    values = np.random.default_rng(1).normal(size=(50, 2))
    stats = make_stats(values, "column", axes="NC", names=("a", "b"))
    stats = replace(stats, statistics={"quantiles": Quantiles.from_block(values, (1,))})
    path = str(tmp_path / target) if target != "-" else "-"
    monkeypatch.setattr(json_array, "FLAT_NUMBERS", 99)
    with pytest.raises(UsageError, match=r"at most 99 numbers in an array, 'quantiles\.bounds' has 100.*\.npz"):
        save_stats(stats, path)
    assert not list(tmp_path.iterdir())
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(json_array, "FLAT_NUMBERS", 100)
    save_stats(stats, path)
    if target != "-":
        assert load_stats(path).statistics.keys() == {"quantiles"}
    save_stats(stats, str(tmp_path / "a.npz"))
