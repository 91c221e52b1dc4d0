"""Surveys of files and folders that cannot be measured, and whether their data are sound."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from zm_cli.data.options import ReadOptions
from zm_cli.errors import ZmError
from zm_cli.formats import open_source
from zm_cli.pipeline.describing.describe import describe
from zm_cli.pipeline.describing.survey import SurveyResult, survey_path, survey_source
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan


def survey(path: Path, **options: str) -> SurveyResult:
    """Returns what is known of data that cannot be opened or measured."""
    asked = ReadOptions(**options)
    try:
        source = open_source(str(path), asked)
    except ZmError as error:
        found = survey_path(str(path), ReadOptions(), None, error)
        assert found is not None
        return found
    with pytest.raises(ZmError) as caught:
        describe(source, MeasureOptions(), Plan(workers=1))
    return survey_source(source, caught.value)


def save_images(folder: Path, *modes: str) -> None:
    folder.mkdir(exist_ok=True)
    for index, mode in enumerate(modes):
        Image.new(mode, (4, 3)).save(folder / f"{index}.png")


def list_contents(found: SurveyResult) -> dict[str, int | None]:
    return {content.type: content.count for content in found.survey.contents}


def test_a_folder_lists_its_files_by_kind(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "deep/c.csv", "x.parquet", "y.parquet", "README", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a\n1\n")
    (tmp_path / "store.zarr").mkdir()
    (tmp_path / "store.zarr" / "zarr.json").touch()
    found = survey(tmp_path)
    assert list_contents(found) == {"csv": 3, "Parquet file": 2, "Zarr store": 1, "without a suffix": 1}
    assert [content.usable for content in found.survey.contents] == [True, False, False, False]
    assert (found.kind, found.is_sound, found.nbytes) == (None, True, 24)
    assert found.advice == f"try: zm inspect {tmp_path / 'a.csv'}"


@pytest.mark.parametrize("suffix", [".csv", ".h5", ".npy"])
def test_a_folder_of_one_kind_proposes_to_pool_it(tmp_path: Path, suffix: str) -> None:
    for index in range(3):
        path = tmp_path / f"{index}{suffix}"
        if suffix == ".csv":
            path.write_text("a\n1\n")
        elif suffix == ".npy":
            np.save(path, np.ones((2, 3, 4, 5)))
        else:
            with h5py.File(path, "w") as file:
                file["x"] = np.ones((2, 3))
    found = survey(tmp_path, on_error="skip" if suffix == ".npy" else "fail")
    assert (found.survey.choices, found.is_sound) == (3, True)
    assert str(found.advice).endswith(
        f"{tmp_path / '0'}{suffix}, or all of them together: zm stats {tmp_path}/*{suffix}"
    )


def test_training_data_are_not_proposed_to_be_pooled_with_the_rest(tmp_path: Path) -> None:
    for name in ("test.csv", "train.csv", "val.csv"):
        (tmp_path / name).write_text("a\n1\n")
    assert survey(tmp_path).advice == f"try: zm inspect {tmp_path / 'train.csv'}"


def test_a_folder_of_files_that_zm_does_not_read_gets_advice_on_converting_them(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1\x15")
    assert "duckdb" in str(survey(tmp_path).advice)


def test_images_that_do_not_go_together_are_listed_by_type(tmp_path: Path) -> None:
    save_images(tmp_path, "L", "RGB", "RGB", "I;16")
    found = survey(tmp_path)
    assert list_contents(found) == {"RGB": 2, "L": 1, "I;16": 1}
    assert (found.kind, found.is_sound) == ("images", True)


def test_an_empty_folder_and_one_without_data_are_described(tmp_path: Path) -> None:
    assert (survey(tmp_path).survey.noun, survey(tmp_path).is_sound) == ("empty folder", True)
    (tmp_path / "README.md").write_text("none")
    found = survey(tmp_path)
    assert (found.is_sound, list_contents(found)) == (True, {".md": 1})
    assert "nothing that zm reads" in str(found.advice)


@pytest.mark.parametrize("name", ["t.csv", "x.h5", "x.npz", "x.png", "x"])
def test_an_empty_file_is_described(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    found = survey(tmp_path / name)
    assert (found.is_sound, found.nbytes, found.reason.what) == (True, 0, "is empty")


@pytest.mark.parametrize("text", ["a,b\n", "a,b\nx,y\nz,w\n", "a,b\n,NA\nNA,\n"])
def test_a_table_without_numbers_has_its_columns_listed(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    found = survey(tmp_path / "t.csv")
    assert [content.name for content in found.survey.contents] == ["a", "b"]
    assert (found.is_sound, bool(found.advice)) == (True, True)


def test_damaged_data_are_described_and_not_sound(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", data=np.arange(900.0).reshape(90, 10), chunks=(30, 10), compression="gzip")
        offset = file["x"].id.get_chunk_info(1).byte_offset
    whole = (tmp_path / "x.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[:2000])
    (tmp_path / "x.h5").write_bytes(whole[:offset] + bytes(40) + whole[offset + 40 :])
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    (tmp_path / "t.csv").write_text('a,b\n1,"2\n3,4\n')
    for name, noun in (("x.h5", "HDF5 file"), ("cut.h5", "HDF5 file"), ("images", "folder"), ("t.csv", "CSV file")):
        found = survey(tmp_path / name)
        assert (found.survey.noun, found.is_sound) == (noun, False), name
        assert found.nbytes > 0
    assert survey(tmp_path / "x.h5").survey.facts["samples"] == "90"


def test_files_that_zm_does_not_read_have_no_survey(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"PAR1\x15")
    (tmp_path / "x.bin").write_bytes(bytes(9))
    for name in ("t.csv", "x.bin", "none.csv", "-"):
        path = name if name == "-" else str(tmp_path / name)
        assert survey_path(path, ReadOptions(), None, ZmError("is not readable")) is None


def test_other_data_in_a_folder_of_images_are_named(tmp_path: Path) -> None:
    save_images(tmp_path, "RGB")
    (tmp_path / "t.csv").write_text("a\n1\n")
    found = describe(open_source(str(tmp_path), ReadOptions()), MeasureOptions(), Plan(workers=1))
    assert found.facts.others["other files"] == "1 csv (t.csv)"
