"""`zm center` and `zm standardize` as processes: train and test, inverse, refusals, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from tests.made import png
from tests.shell import run_zm, start_zm
from tests.systems import needs_fifo, needs_groups, slow

HOUSING = "rooms,price\n4,500000\n3,400000\n5,600000\n6,700000\n"


@pytest.fixture
def housing(tmp_path: Path) -> Path:
    path = tmp_path / "housing.csv"
    path.write_text(HOUSING)
    return path


def left_in(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_centered_prices_are_the_known_ones(housing: Path) -> None:
    ran = run_zm("center", housing, "-o", "-")
    assert ran.code == 0
    prices = [float(line.split(",")[1]) for line in ran.out.splitlines()[1:]]
    assert prices == [-50000, -150000, 50000, 150000]


def test_the_statistics_are_saved_beside_the_output(housing: Path, tmp_path: Path) -> None:
    ran = run_zm("center", housing, "-o", tmp_path / "out.csv")
    assert (ran.code, ran.out, ran.err) == (0, "", "zm: 2 columns centered: 'rooms', 'price'\n")
    assert left_in(tmp_path) == {"housing.csv", "out.csv", "out.csv.stats.json", "out.csv.zm.json"}
    assert json.loads((tmp_path / "out.csv.stats.json").read_text())["mean"] == [4.5, 550000.0]


def test_the_statistics_are_saved_at_the_given_path(housing: Path, tmp_path: Path) -> None:
    run_zm("center", housing, "-o", tmp_path / "out.csv", "--save-stats", tmp_path / "s.npz")
    assert "s.npz" in left_in(tmp_path)
    assert "out.csv.stats.json" not in left_in(tmp_path)


def test_training_statistics_are_applied_to_test_data(housing: Path, tmp_path: Path) -> None:
    run_zm("stats", housing, "-o", tmp_path / "s.json")
    (tmp_path / "test.csv").write_text("price,note,rooms\n550000,new,5.5\n")
    ran = run_zm("standardize", tmp_path / "test.csv", "--stats", tmp_path / "s.json", "-o", "-")
    assert ran.code == 0
    header, row = (line.split(",") for line in ran.out.splitlines())
    assert header == ["price", "note", "rooms"]
    assert row[:2] == ["0.0", "new"]
    assert float(row[2]) == pytest.approx(1 / np.std([4, 3, 5, 6]), rel=1e-15)


def test_the_inverse_finds_the_statistics_beside_the_data(housing: Path, tmp_path: Path) -> None:
    run_zm("standardize", housing, "-o", tmp_path / "out.csv")
    ran = run_zm("standardize", tmp_path / "out.csv", "--inverse", "-o", "-")
    assert ran.code == 0
    back = np.array([[float(cell) for cell in line.split(",")] for line in ran.out.splitlines()[1:]])
    np.testing.assert_allclose(back, [[4, 5e5], [3, 4e5], [5, 6e5], [6, 7e5]], rtol=1e-15)


def test_an_inverse_without_statistics_is_a_usage_error(housing: Path, tmp_path: Path) -> None:
    ran = run_zm("center", housing, "--inverse", "-o", tmp_path / "out.csv")
    assert ran.code == 2
    assert "--stats" in ran.err


def test_an_inverse_of_the_other_operation_is_refused(housing: Path, tmp_path: Path) -> None:
    run_zm("center", housing, "-o", tmp_path / "out.csv")
    ran = run_zm("standardize", tmp_path / "out.csv", "--inverse", "-o", tmp_path / "back.csv")
    assert ran.code == 3
    assert "was centered" in ran.err


def test_a_table_without_a_column_does_not_fit(housing: Path, tmp_path: Path) -> None:
    run_zm("stats", housing, "-o", tmp_path / "s.json")
    (tmp_path / "test.csv").write_text("rooms,prize\n1,2\n")
    before = left_in(tmp_path)
    ran = run_zm("center", tmp_path / "test.csv", "--stats", tmp_path / "s.json", "-o", tmp_path / "out.csv")
    assert ran.code == 3
    assert "does not fit" in ran.err
    assert "price" in ran.err
    assert left_in(tmp_path) == before


def test_a_bad_cell_in_the_second_file_leaves_no_output(housing: Path, tmp_path: Path) -> None:
    run_zm("stats", housing, "-o", tmp_path / "s.json")
    (tmp_path / "test.csv").write_text("rooms,price\n1,2\n3,cheap\n")
    before = left_in(tmp_path)
    ran = run_zm("center", tmp_path / "test.csv", "--stats", tmp_path / "s.json", "-o", tmp_path / "out.csv")
    assert ran.code == 3
    assert "row 2" in ran.err
    assert "'cheap'" in ran.err
    assert left_in(tmp_path) == before


def test_the_output_may_not_be_the_input(housing: Path, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(housing)
    for output in (housing, tmp_path / "link.csv"):
        ran = run_zm("center", housing, "-o", output)
        assert ran.code == 3
        assert housing.read_text() == HOUSING


@slow
def test_two_outputs_cannot_have_the_same_name(housing: Path, tmp_path: Path) -> None:
    ran = run_zm("center", housing, "-o", tmp_path / "a.json", "--save-stats", tmp_path / "a.json")
    assert ran.code == 2
    run_zm("stats", housing, "-o", tmp_path / "s.json")
    ran = run_zm("center", housing, "--stats", tmp_path / "s.json", "-o", tmp_path / "s.json")
    assert ran.code == 3
    assert left_in(tmp_path) == {"housing.csv", "s.json"}


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="no folder in memory")
def test_a_folder_in_memory_can_hold_outputs(housing: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        assert run_zm("center", housing, "-o", f"{folder}/out.csv").code == 0
        assert Path(folder, "out.csv").read_text().startswith("rooms,price\n-0.5")


@pytest.mark.parametrize("outputs", [("-", "--save-stats", "-"), ("/dev/stdout",)])
def test_standard_output_takes_one_output_and_is_named_by_a_dash(housing: Path, outputs: tuple[str, ...]) -> None:
    ran = run_zm("center", housing, "-o", *outputs)
    assert (ran.code, ran.out) == (2, "")


def test_missing_cells_keep_their_text_unless_imputed(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n1,007\nNA,1e5\n3, text\n,\n")
    kept = run_zm("center", tmp_path / "t.csv", "-o", "-", "--columns", "x")
    assert kept.out == "x,y\n-1.0,007\nNA,1e5\n1.0, text\n,\n"
    filled = run_zm("center", tmp_path / "t.csv", "-o", "-", "--columns", "x", "--impute", "mean")
    assert filled.out == "x,y\n-1.0,007\n0.0,1e5\n1.0, text\n0.0,\n"


def test_options_for_measuring_cannot_be_combined_with_a_stats_file(housing: Path, tmp_path: Path) -> None:
    run_zm("stats", housing, "-o", tmp_path / "s.json")
    ran = run_zm("center", housing, "--stats", tmp_path / "s.json", "--per", "all", "-o", tmp_path / "out.csv")
    assert ran.code == 2
    assert "--per" in ran.err


@slow
def test_a_pipe_is_read_once_with_statistics_and_kept_without(housing: Path, tmp_path: Path) -> None:
    whole = run_zm("center", "-", "-o", "-", stdin=HOUSING.encode())
    assert whole.out == run_zm("center", housing, "-o", "-").out
    run_zm("stats", housing, "-o", tmp_path / "s.json")
    streamed = run_zm("center", "-", "--stats", tmp_path / "s.json", "-o", "-", stdin=HOUSING.encode())
    assert streamed.out == whole.out


@slow
def test_the_temporary_copy_of_a_pipe_is_never_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        run_zm("center", "-", "-o", tmp_path / f"{name}.csv", stdin=HOUSING.encode())
    documents = [(tmp_path / f"{name}.csv.stats.json").read_bytes() for name in ("a", "b")]
    assert documents[0] == documents[1]
    assert json.loads(documents[0])["sources"][0]["path"] == "-"
    ran = run_zm("center", "-", "-o", "-", stdin=b"x,y\n1,2\n3,abc\n4,5\n5,6\n")
    assert "standard input: column 'y' is left as text: row 2 holds 'abc'" in ran.err
    assert "/tmp" not in ran.err
    ran = run_zm("center", "-", "-o", "-", "--columns", "x", stdin=b"x\n1\nabc\n")
    assert "standard input" in ran.err
    assert "/tmp" not in ran.err


@needs_fifo
def test_a_named_pipe_is_kept_for_the_second_pass(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(HOUSING,))
    writer.start()
    ran = run_zm("center", pipe, "-o", "-")
    writer.join()
    assert ran.out.splitlines()[1] == "-0.5,-50000.0"


def test_the_input_of_a_redirection_is_not_overwritten(housing: Path) -> None:
    command = f"{sys.executable} -m zm_cli center - -o {housing} < {housing}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 3
    assert housing.read_text() == HOUSING


@slow
def test_missing_values_can_be_an_error_where_statistics_are_given(housing: Path, tmp_path: Path) -> None:
    run_zm("stats", housing, "-o", tmp_path / "s.json")
    (tmp_path / "t.csv").write_text("rooms,price\n1,2\n,4\n")
    arguments = ("center", tmp_path / "t.csv", "--stats", tmp_path / "s.json", "-o", tmp_path / "out.csv")
    ran = run_zm(*arguments, "--missing", "error")
    assert ran.code == 3
    assert "row 2, column 'rooms'" in ran.err
    assert not (tmp_path / "out.csv").exists()
    assert run_zm(*arguments).code == 0


def test_values_beyond_the_range_of_the_output_are_counted(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n100000\n-100000\n")
    ran = run_zm("center", tmp_path / "t.csv", "-o", "-", "--dtype", "float16")
    assert "2 values are beyond the range of float16" in ran.err


@slow
def test_ddof_and_epsilon_change_what_is_divided_by(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n3\n")
    for options, expected in (((), 1.0), (("--ddof", "1"), 1 / np.sqrt(2)), (("--epsilon", "4"), 0.25)):
        out = run_zm("standardize", tmp_path / "t.csv", "-o", "-", *options).out
        assert float(out.splitlines()[2]) == pytest.approx(expected, rel=1e-15)


def test_an_inverse_with_other_settings_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n3\n")
    run_zm("standardize", tmp_path / "t.csv", "-o", tmp_path / "out.csv", "--ddof", "1")
    ran = run_zm("standardize", tmp_path / "out.csv", "--inverse", "-o", "-", "--ddof", "0")
    assert ran.code == 3
    assert "ddof 1" in ran.err
    for typed in ([], ["--ddof", "1"]):
        assert run_zm("standardize", tmp_path / "out.csv", "--inverse", "-o", "-", *typed).out == "a\n1.0\n3.0\n"


def test_a_receipt_that_cannot_be_written_leaves_no_output(housing: Path, tmp_path: Path) -> None:
    (tmp_path / "out.csv.zm.json").mkdir()
    before = left_in(tmp_path)
    assert run_zm("center", housing, "-o", tmp_path / "out.csv").code in (2, 3)
    assert left_in(tmp_path) == before


@slow
@pytest.mark.parametrize(
    ("source", "output", "receipt", "again"),
    [("in.csv", "out.csv", "out.csv.zm.json", "again.csv"), ("in.png", "out/", "out/zm.json", "again/")],
)
def test_data_with_a_damaged_receipt_are_not_transformed_without_force(
    tmp_path: Path, source: str, output: str, receipt: str, again: str
) -> None:
    (tmp_path / "in.csv").write_text("a\n1\n3\n")
    Image.fromarray(np.arange(12, dtype=np.uint8).reshape(2, 2, 3)).save(tmp_path / "in.png")
    run_zm("center", source, "-o", output, cwd=tmp_path)
    whole = (tmp_path / receipt).read_bytes()
    (tmp_path / receipt).write_bytes(whole[: len(whole) // 2])
    ran = run_zm("center", output, "-o", again, cwd=tmp_path)
    assert (ran.code, ran.err.count("\n")) == (3, 1)
    assert "cannot be read; give the original data, or --force" in ran.err
    assert run_zm("center", output, "-o", again, "--force", cwd=tmp_path).code == 0
    assert "not known" in run_zm("inspect", output, cwd=tmp_path).out


@slow
def test_statistics_of_another_kind_do_not_fit_a_table(housing: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = np.arange(96, dtype=np.uint8).reshape(8, 2, 2, 3)
        file["y"] = np.arange(8)
    for per in ("all", "channel"):
        run_zm("stats", tmp_path / "x.h5", "--per", per, "-o", tmp_path / "s.json")
        ran = run_zm("center", housing, "--stats", tmp_path / "s.json", "-o", "-", "--force")
        assert (ran.code, ran.out) == (3, "")


def test_statistics_apply_to_a_dataset_of_another_name(tmp_path: Path) -> None:
    values = np.random.default_rng(4).random((6, 8, 8, 3))
    with h5py.File(tmp_path / "train.h5", "w") as file:
        file["train"] = values
    with h5py.File(tmp_path / "test.h5", "w") as file:
        file["test"] = np.moveaxis(values, 3, 1)
    run_zm("stats", tmp_path / "train.h5", "-o", tmp_path / "s.json")
    ran = run_zm("center", tmp_path / "test.h5", "--stats", tmp_path / "s.json", "-o", tmp_path / "out.h5")
    assert ran.code == 0, ran.err
    with h5py.File(tmp_path / "out.h5") as file:
        expected = np.moveaxis(values - values.mean(axis=(0, 1, 2)), 3, 1)
        np.testing.assert_allclose(file["test"][:], expected, rtol=0, atol=1e-15)


def test_json_reports_what_was_done(housing: Path, tmp_path: Path) -> None:
    ran = run_zm("center", housing, "-o", tmp_path / "out.csv", "--json")
    document = json.loads(ran.out)
    assert document["output"] == str(tmp_path / "out.csv")
    assert document["samples"] == 4
    assert document["stats"] == str(tmp_path / "out.csv.stats.json")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two classes of three 4x3 pictures."""
    rng = np.random.default_rng(5)
    for index in range(6):
        folder = tmp_path / "pictures" / ("cat" if index < 3 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (3, 4, 3), dtype=np.uint8)).save(folder / f"{index}.png")
    return tmp_path / "pictures"


def test_a_folder_becomes_one_hdf5_file_and_comes_back(pictures: Path, tmp_path: Path) -> None:
    output, back = tmp_path / "out.h5", tmp_path / "back.h5"
    assert run_zm("standardize", pictures, "-o", output).code == 0
    with h5py.File(output) as file:
        assert file["images"].shape == (6, 3, 4, 3)
        assert file["images"].dtype == np.float32
        assert file["labels"][:].tolist() == [0, 0, 0, 1, 1, 1]
        assert abs(file["images"][:].mean(axis=(0, 1, 2), dtype=np.float64)).max() < 1e-7
    assert run_zm("standardize", output, "--inverse", "-o", back).code == 0
    with h5py.File(back) as file, Image.open(pictures / "cat" / "0.png") as image:
        np.testing.assert_allclose(file["images"][0], np.asarray(image), rtol=0, atol=1e-4)


@slow
def test_a_folder_becomes_a_tree_of_arrays_and_comes_back(pictures: Path, tmp_path: Path) -> None:
    for form, suffix in (("npy", ".npy"), ("tiff", ".tiff")):
        tree, back = tmp_path / form, tmp_path / f"{form}-back"
        ran = run_zm("center", pictures, "-o", tree, "--format", form)
        assert ran.code == 0, ran.err
        assert (tree / "dog" / f"3{suffix}").is_file()
        ran = run_zm("center", tree, "--inverse", "-o", back, "--stats", f"{tree}.stats.json")
        assert ran.code == 0, ran.err
        with Image.open(pictures / "dog" / "3.png") as image:
            np.testing.assert_allclose(np.load(back / "dog" / "3.npy"), np.asarray(image), rtol=0, atol=1e-4)


def test_pictures_of_several_sizes_need_a_size_or_a_folder(pictures: Path, tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(pictures / "cat" / "big.png")
    before = left_in(tmp_path)
    ran = run_zm("center", pictures, "-o", tmp_path / "out.h5")
    assert ran.code == 3
    assert "4x3" in ran.err
    assert "9x9" in ran.err
    assert "--resize" in ran.err
    assert left_in(tmp_path) == before
    assert run_zm("center", pictures, "-o", tmp_path / "out.h5", "--resize", "5x5").code == 0


def test_pixels_of_several_sizes_are_refused_with_the_sizes(pictures: Path, tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(pictures / "cat" / "big.png")
    ran = run_zm("stats", pictures, "--per", "pixel")
    assert ran.code == 3
    assert "4x3 (6), 9x9 (1)" in ran.err
    assert "--resize 4x3" in ran.err


def test_statistics_of_other_channels_or_mode_are_refused(pictures: Path, tmp_path: Path) -> None:
    run_zm("stats", pictures, "--mode", "L", "-o", tmp_path / "gray.json")
    with h5py.File(tmp_path / "rgb.h5", "w") as file:
        file["x"] = np.zeros((2, 8, 8, 3), dtype=np.uint8)
    ran = run_zm("center", tmp_path / "rgb.h5", "--stats", tmp_path / "gray.json", "-o", tmp_path / "out.h5")
    assert ran.code == 3
    assert "3 channels" in ran.err
    ran = run_zm("center", pictures, "--mode", "RGB", "--stats", tmp_path / "gray.json", "-o", tmp_path / "out.h5")
    assert ran.code == 3
    assert "mode" in ran.err


def test_floats_between_0_and_1_do_not_fit_statistics_of_bytes(pictures: Path, tmp_path: Path) -> None:
    run_zm("stats", pictures, "-o", tmp_path / "s.json")
    with h5py.File(tmp_path / "unit.h5", "w") as file:
        file["x"] = np.random.default_rng(1).random((2, 8, 8, 3))
    ran = run_zm("center", tmp_path / "unit.h5", "--stats", tmp_path / "s.json", "-o", tmp_path / "out.h5")
    assert ran.code == 3
    assert "0-1" in ran.err


def test_an_unreadable_image_stops_the_run_or_is_left_out_of_both_passes(pictures: Path, tmp_path: Path) -> None:
    whole = (pictures / "cat" / "1.png").read_bytes()
    (pictures / "cat" / "1.png").write_bytes(whole[: len(whole) // 2])
    before = left_in(tmp_path)
    ran = run_zm("standardize", pictures, "-o", tmp_path / "out.h5")
    assert ran.code == 3
    assert "1.png" in ran.err
    assert left_in(tmp_path) == before
    ran = run_zm("standardize", pictures, "-o", tmp_path / "out.h5", "--on-error", "skip")
    assert ran.code == 0
    assert "left out" in ran.err
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["images"].shape[0] == len(file["labels"]) == len(file["files"]) == 5
        assert abs(file["images"][:].mean(axis=(0, 1, 2), dtype=np.float64)).max() < 1e-7
    document = json.loads((tmp_path / "out.h5.stats.json").read_text())
    assert document["samples"] == 5
    assert document["sources"][0]["skipped"] == ["cat/1.png"]


def test_an_image_skipped_for_its_depth_is_left_out_of_both_passes(pictures: Path, tmp_path: Path) -> None:
    (pictures / "cat" / "deep.png").write_bytes(png(4, 3, 16, 2, (b"\0" + bytes(range(24))) * 3))
    ran = run_zm("standardize", pictures, "-o", tmp_path / "out.h5", "--on-error", "skip")
    assert ran.code == 0
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["images"].shape[0] == 6
    document = json.loads((tmp_path / "out.h5.stats.json").read_text())
    assert (document["samples"], document["sources"][0]["skipped"]) == (6, ["cat/deep.png"])


@slow
def test_images_of_another_depth_or_colour_do_not_fit(pictures: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    for name, values in (
        ("gray", rng.integers(0, 256, (3, 4), dtype=np.uint8)),
        ("deep", np.full((3, 4), 40000, "u2")),
    ):
        (tmp_path / name).mkdir()
        Image.fromarray(values).save(tmp_path / name / "1.png")
        run_zm("stats", tmp_path / name, "-o", tmp_path / f"{name}.json")
    for data, stats in ((pictures, "gray"), (tmp_path / "gray", "deep"), (tmp_path / "deep", "gray")):
        ran = run_zm("center", data, "--stats", tmp_path / f"{stats}.json", "-o", tmp_path / "out.h5")
        assert ran.code == 3, (data, stats)
        assert not (tmp_path / "out.h5").exists()


@needs_groups
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_whole_group_ends_worker_processes_too(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for index in range(3000):
        Image.new("L", (32, 32), index % 256).save(folder / f"{index}.png")
    process = start_zm("standardize", folder, "-o", tmp_path / "out.h5", stdout=subprocess.PIPE, start_new_session=True)
    # The draft of the output appears when the workers of the second pass are about to start.
    while process.poll() is None and left_in(tmp_path) == {"many"}:
        pass
    os.killpg(process.pid, number)
    # Returns when the pipes are closed; the workers hold them open as long as they live.
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert (out, err.count(b"\n"), err.endswith(b"ed, nothing written\n")) == (b"", 1, True)
    assert left_in(tmp_path) == {"many"}


@pytest.mark.parametrize(
    ("number", "code", "words"), [(signal.SIGINT, 130, b"interrupted"), (signal.SIGTERM, 143, b"terminated")]
)
def test_an_interrupt_ends_with_its_code_and_leaves_nothing(
    housing: Path, tmp_path: Path, number: signal.Signals, code: int, words: bytes
) -> None:
    run_zm("stats", housing, "-o", tmp_path / "s.json")
    before = left_in(tmp_path)
    process = start_zm("center", "-", "--stats", tmp_path / "s.json", "-o", tmp_path / "out.csv", stdin=subprocess.PIPE)
    assert process.stdin is not None
    # A pipe holds 64 kB: when more than that is written, the command is reading.
    process.stdin.write(b"rooms,price\n" + b"1,2\n" * 50_000)
    process.stdin.flush()
    process.send_signal(number)
    process.stdin.close()
    assert process.wait(timeout=60) == code
    assert left_in(tmp_path) == before
    assert process.stderr is not None
    assert process.stderr.read() == b"zm: %s, nothing written\n" % words


def test_a_reader_that_stops_early_is_not_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x\n" + "1\n2\n" * 300_000)
    process = start_zm("center", path, "-o", "-", stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"x\n"
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 0
