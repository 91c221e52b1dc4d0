"""`zm scale` as a user types it: methods and their options, receipts, what an inverse knows, messages."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import jsonschema
import numpy as np
import pytest
from sklearn.preprocessing import Normalizer, RobustScaler

from tests.cli.commands.scaled_tables import read_table, receipt_of, write_table
from tests.inprocess import Shell, call_zm
from tests.shell import run_zm
from zm_cli.methods import methods_of
from zm_cli.schema import load_schema
from zm_cli.statsfile import json_array
from zm_cli.statsfile.store import load_stats

SEED = 20261205
INVERTED = [name for name in methods_of("scale") if name != "l2"]


def test_a_table_is_scaled_to_0_and_1_unless_told_otherwise(shell: Shell) -> None:
    told = shell.run("scale t.csv -o o.csv")
    assert told == "zm: 2 columns scaled (minmax): 'a', 'b'; left as it is: 'text'\n"
    scaled = read_table("o.csv")
    assert scaled.min(axis=0).tolist() == [0, 0]
    assert scaled.max(axis=0).tolist() == [1, 1]
    receipt = receipt_of("o.csv")
    assert {name: receipt[name] for name in ("operation", "method", "range", "clip")} == {
        "operation": "scale",
        "method": "minmax",
        "range": [0, 1],
        "clip": False,
    }
    assert "quantiles" not in receipt
    assert "state         scaled (minmax)" in shell.print("inspect o.csv")


@pytest.mark.parametrize("method", INVERTED)
def test_an_inverse_knows_from_the_receipt_what_was_done(method: str, shell: Shell) -> None:
    options = {"minmax": "--range -2,3", "quantile": "--range 0,9 --quantiles 5,90", "robust": "--quantiles 10,80"}
    shell.run(f"scale t.csv -o o.csv --method {method} {options.get(method, '')}")
    told = shell.run("scale o.csv -o back.csv --inverse")
    assert told == "zm: 2 columns restored: 'a', 'b'; left as it is: 'text'\n"
    np.testing.assert_allclose(read_table("back.csv"), read_table("t.csv"), rtol=1e-14, atol=1e-14)
    assert shell.run(f"scale o.csv -o back.csv --inverse --method {method}") == told


def test_an_inverse_of_what_was_done_otherwise_is_refused(shell: Shell) -> None:
    shell.run("scale t.csv -o o.csv --range -1,1")
    undo = "undo it with the command, statistics and options it was made with, or --force"
    assert shell.refuse("scale o.csv -o b.csv --inverse --range 0,1") == (
        f"o.csv: was scaled (minmax) otherwise (range -1,1); {undo}"
    )
    assert shell.refuse("scale o.csv -o b.csv --inverse --clip") == (
        f"o.csv: was scaled (minmax) otherwise (clip False); {undo}"
    )
    assert shell.refuse("scale o.csv -o b.csv --inverse --method robust") == (
        f"o.csv: was scaled (minmax) and not scaled (robust); {undo}"
    )
    assert shell.refuse("standardize o.csv -o b.csv --inverse") == (
        f"o.csv: was scaled (minmax) and not standardized; {undo}"
    )
    for command in ("center", "scale"):
        assert shell.refuse(f"{command} o.csv -o b.csv") == (
            "o.csv: is scaled (minmax) already; give the original data, or --force"
        )


def test_an_inverse_without_a_receipt_needs_the_method(shell: Shell) -> None:
    shell.run("scale t.csv -o o.csv --range -1,1")
    Path("o.csv.zm.json").unlink()
    hint = "if it was scaled, name --method, and the options that it was scaled with"
    assert shell.refuse("scale o.csv -o b.csv --inverse") == f"o.csv: no receipt says how it was scaled; {hint}"
    shell.run("scale o.csv -o b.csv --inverse --method minmax --range -1,1")
    np.testing.assert_allclose(read_table("b.csv"), read_table("t.csv"), rtol=1e-14)
    shell.run("standardize t.csv -o s.csv")
    assert shell.refuse("scale s.csv -o c.csv --inverse") == f"s.csv: is standardized; {hint}"
    assert "nix.csv" in shell.refuse("scale nix.csv -o c.csv --inverse")


def test_a_receipt_with_an_unknown_method_says_nothing(shell: Shell) -> None:
    shell.run("scale t.csv -o o.csv")
    receipt = json.loads(Path("o.csv.zm.json").read_text())
    for damage in ({"method": "../x y"}, {"method": "center"}, {"method": 3}, {"range": [1, 0]}, {"range": "x"}):
        Path("o.csv.zm.json").write_text(json.dumps(receipt | damage))
        assert shell.refuse("scale o.csv -o b.csv --inverse").startswith("o.csv: ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--method robust --range 0,1", "--range: robust does not take it; it is for --method minmax or quantile"),
        ("--quantiles 1,99", "--quantiles: minmax does not take it; it is for --method quantile or robust"),
        ("--method robust --clip", "--clip: robust does not take it; it is for --method maxabs, minmax or quantile"),
        ("--range 1,0", "--range: '1,0' is not a smaller and a larger number; write them as -1,1"),
        ("--range 1", "--range: '1' is not two numbers; write them as -1,1"),
        ("--range 0,inf", "--range: '0,inf' is not a smaller and a larger number; write them as -1,1"),
        ("--range nan,1", "--range: 'nan,1' is not a smaller and a larger number; write them as -1,1"),
        (
            "--method quantile --quantiles 1,101",
            "--quantiles: '1,101' is not a smaller and a larger number from 0 to 100; write them as 25,75, in percent",
        ),
        ("--method l2 --inverse", "--inverse: l2 has no inverse: the length that each sample was divided by"),
        ("--method l2 --stats s.json", "--stats: l2 divides each sample by its own length and needs no statistics"),
        ("--method l2 --per all", "--per: l2 divides each sample by its own length and needs no statistics"),
        ("--method l2 --save-stats s.json", "--save-stats: l2 divides each sample by its own length"),
        ("--method l2 --unit", "--unit: l2 divides each sample by its own length"),
        ("--method l2 --zeros", "--zeros: l2 divides each sample by its own length"),
        ("--method l2 --weight a", "--weight: l2 divides each sample by its own length"),
        ("--method l2 --indicator", "--indicator: l2 divides each sample by its own length"),
        ("--method l2 --impute median", "--impute: l2 measures nothing, so no median is known; give a number"),
    ],
)
def test_options_that_a_method_does_not_take_are_refused(options: str, message: str, shell: Shell) -> None:
    assert shell.refuse(f"scale t.csv -o o.csv {options}").startswith(message)


def test_other_data_are_scaled_by_the_statistics_of_training_data(shell: Shell) -> None:
    values = read_table("t.csv")
    other = np.random.default_rng(SEED + 1).normal(5, 3, (40, 2))
    write_table("new.csv", other)
    shell.run("scale t.csv -o o.csv --method robust")
    shell.run("scale new.csv -o n.csv --method robust --stats o.csv.stats.json")
    np.testing.assert_allclose(read_table("n.csv"), RobustScaler().fit(values).transform(other), rtol=1e-12)
    shown = load_stats("o.csv.stats.json").statistics["quantiles"].to_columns()
    assert list(shown) == ["q01", "q05", "q25", "q50", "q75", "q95", "q99"]
    shell.run("scale t.csv -o p.csv --method quantile --quantiles 2.5,97.5")
    assert {"q02.5", "q97.5"} < set(load_stats("p.csv.stats.json").statistics["quantiles"].to_columns())


def test_a_folder_of_parts_is_joined_before_it_is_undone_or_checked(shell: Shell) -> None:
    shell.run("scale t.csv -o parts --parts 2")
    message = "parts: is a folder of parts; join them first: zm join parts -o PATH"
    for line in ("scale parts -o b.csv --inverse", "standardize parts -o b.csv --inverse"):
        assert shell.refuse(line) == message
    assert shell.refuse("inspect parts --check scaled") == message
    for command in ("scale", "standardize", "whiten"):
        assert shell.refuse(f"{command} nix.csv -o b.csv --inverse") == "nix.csv: does not exist"


def test_infinite_values_that_were_not_filled_stay_so_when_their_marks_are_removed(shell: Shell) -> None:
    Path("m.csv").write_text("a,b\n1,1\ninf,2\n3,3\n,5\n")
    shell.run("scale m.csv -o o.csv --indicator")
    assert "removed: 'a_missing'" in shell.run("scale o.csv -o b.csv --inverse")
    assert Path("b.csv").read_text().splitlines()[2:] == ["inf,2.0", "3.0,3.0", ",5.0"]
    shell.run("scale m.csv -o o.csv --indicator --impute 2")
    assert "removed, and their cells missing again: 'a_missing'" in shell.run("scale o.csv -o b.csv --inverse")
    assert Path("b.csv").read_text().splitlines()[2:] == [",2.0", "3.0,3.0", ",5.0"]


def test_large_whole_numbers_close_together_draw_a_warning(shell: Shell) -> None:
    values = 1_700_000_000_000_000_000 + np.arange(1000, dtype=np.int64).reshape(-1, 1) * 3
    np.save("ns.npy", np.repeat(values, 2, axis=1))
    assert "integers too large for float64: scaled values are off by up to 0.04" in shell.run("scale ns.npy -o o.npy")
    np.save("ns.npy", np.repeat(values * 1000 % 10**12, 2, axis=1))
    assert "too large" not in shell.run("scale ns.npy -o o.npy")


def test_statistics_without_quantiles_are_refused(shell: Shell) -> None:
    shell.run("stats t.csv -o s.json")
    message = "s.json: holds no quantiles; measure with zm stats --quantiles default"
    assert shell.refuse("scale t.csv -o o.csv --method robust --stats s.json") == message
    assert shell.refuse("center t.csv -o o.csv --impute median --stats s.json") == message
    shell.run("scale t.csv -o o.csv --stats s.json")
    shell.run("stats t.csv -o s.json --quantiles default")
    shell.run("scale t.csv -o o.csv --method robust --stats s.json")


def test_missing_values_of_any_command_are_filled_with_the_median(shell: Shell) -> None:
    Path("m.csv").write_text("a,b\n1,1\n2,\n9,3\n,8\n5,7\n")
    for command, zero, divisor in (("center", 4.25, 1.0), ("scale", 1.0, 8.0)):
        shell.run(f"{command} m.csv -o o.csv --impute median")
        assert read_table("o.csv")[3, 0] == pytest.approx((3.5 - zero) / divisor, rel=1e-14)
        assert receipt_of("o.csv")["impute"] == "median"


def test_quantiles_that_look_like_fractions_draw_a_warning(shell: Shell) -> None:
    sentence = "zm: warning: --quantiles {} is read as percent; if fractions are meant, write {}\n"
    told = shell.run("stats t.csv -o s.json --quantiles 0.25,0.5,0.75")
    assert told.count(sentence.format("0.25,0.5,0.75", "25,50,75")) == 1
    told = shell.run("scale t.csv -o o.csv --method quantile --quantiles 0.01,0.99 --save-stats s.json")
    assert told.count(sentence.format("0.01,0.99", "1,99")) == 1
    assert "percent" not in shell.run("scale o.csv -o b.csv --inverse --stats s.json")
    for line in ("stats t.csv -o s.json --quantiles 0.5,99.5", "stats t.csv -o s.json --quantiles 0"):
        assert "percent" not in shell.run(line)


def test_samples_of_length_1_need_no_statistics(shell: Shell) -> None:
    told = shell.run("scale t.csv -o o.csv --method l2")
    assert told == "zm: 2 columns scaled (l2): 'a', 'b'; left as it is: 'text'\n"
    np.testing.assert_allclose(read_table("o.csv"), Normalizer().fit_transform(read_table("t.csv")), rtol=1e-14)
    assert not Path("o.csv.stats.json").exists()
    assert {"stats", "per"}.isdisjoint(receipt_of("o.csv"))
    assert shell.refuse("scale o.csv -o b.csv --inverse").startswith("--inverse: l2 has no inverse")
    assert shell.refuse("scale o.csv -o b.csv --inverse --method minmax").startswith("o.csv: was scaled (l2) and not")
    assert shell.refuse("center o.csv -o b.csv").startswith("o.csv: is scaled (l2) already")


def test_parts_of_samples_of_length_1_join_to_the_output_of_one_run(shell: Shell) -> None:
    shell.run("scale t.csv -o o.csv --method l2")
    shell.run("scale t.csv -o parts --method l2 --parts 3")
    shell.run("join parts -o joined.csv")
    assert Path("joined.csv").read_bytes() == Path("o.csv").read_bytes()
    shell.run("scale t.csv -o one.csv --method l2 --shard 2/3")
    assert Path("one.csv").read_bytes() == Path("parts/part-2-of-3.csv").read_bytes()
    assert "part 2/3 would be transformed by its own statistics" in shell.refuse("scale t.csv -o p.csv --shard 2/3")


def test_a_cell_that_is_text_is_named_where_nothing_is_measured(shell: Shell) -> None:
    rows = [f"{index},{index + 1}" for index in range(200_000)]
    Path("long.csv").write_text("\n".join(["a,b", *rows, "1,none at all"]) + "\n")
    assert "column 'b': row 200001 holds 'none at all'" in shell.refuse("scale long.csv -o o.csv --method l2")


def test_clipped_values_are_said_to_be_lost(shell: Shell) -> None:
    lost = "zm: 4 of 100 values were cut off by --clip, and --inverse cannot give them back\n"
    assert lost in shell.run("scale t.csv -o q.csv --method quantile --clip")
    assert lost in shell.run("scale t.csv -o parts --method quantile --clip --parts 3")
    shell.run("inspect q.csv --check scaled")
    back = shell.run("scale q.csv -o back.csv --inverse")
    assert "zm: values that --clip has cut off come back as what -1 and 1 stand for\n" in back
    values = read_table("t.csv")
    ends = np.percentile(values, (1, 99), axis=0)
    np.testing.assert_allclose(read_table("back.csv"), np.clip(values, *ends), rtol=1e-13)
    assert "cut off" not in shell.run("scale t.csv -o m.csv --clip")
    # Other data may have values beyond those of the statistics.
    write_table("new.csv", np.array([[5.0, 5.0], [100.0, 5.0], [5.0, -100.0], [np.nan, 100.0]]))
    told = shell.run("scale new.csv -o n.csv --clip --stats m.csv.stats.json")
    assert "zm: 3 of 8 values were cut off by --clip, and --inverse cannot give them back\n" in told


def test_features_that_cannot_be_scaled_are_named_once(shell: Shell) -> None:
    values = np.zeros((40, 4))
    values[:, 1], values[:, 2], values[3, 3] = 7, np.arange(40) ** 2, 9
    write_table("z.csv", values)
    for options, sentence in {
        "": "constant, so that scaling divides by 1: 'a', 'b'",
        "--method maxabs": "0 everywhere, so that scaling divides by 1: 'a'",
        "--method robust": "with equal quantiles 25% and 75%, so that scaling divides by 1: 'a', 'b', 'd'",
        "--force": "constant, so that scaling divides by 1: 'a', 'b'",
    }.items():
        told = shell.run(f"scale z.csv -o o.csv --exclude text {options}")
        assert [line for line in told.splitlines() if "warning" in line] == [f"zm: warning: {sentence}"]


def test_data_that_look_scaled_already_draw_a_warning(shell: Shell) -> None:
    for ends, least in (("0,1", "0"), ("-1,1", "-1")):
        shell.run(f"scale t.csv -o o.csv --range {ends}")
        Path("copy.csv").write_bytes(Path("o.csv").read_bytes())
        told = shell.run("scale copy.csv -o c.csv")
        why = f"every minimum is {least}, every maximum 1"
        assert f"zm: warning: copy.csv: looks scaled already ({why}); if so, give the original data\n" in told
        assert "already" not in shell.run("scale copy.csv -o c.csv --method robust")


def test_data_that_do_not_look_scaled_draw_a_warning_when_that_is_undone(shell: Shell) -> None:
    shell.run("scale t.csv -o o.csv --method quantile")
    told = shell.run("scale t.csv -o b.csv --inverse --method quantile --stats o.csv.stats.json")
    assert "warning: t.csv: does not look scaled (quantile), so --inverse may have undone a transform" in told


def test_data_unlike_those_of_the_statistics_draw_a_warning_and_no_others_do(shell: Shell) -> None:
    for method in INVERTED:
        shell.run(f"scale t.csv -o o.csv --method {method}")
        apply = f"-o n.csv --method {method} --stats o.csv.stats.json"
        write_table("new.csv", np.random.default_rng(SEED + 1).normal(5, 3, (40, 2)))
        assert "warning" not in shell.run(f"scale new.csv {apply}")
        write_table("new.csv", np.random.default_rng(SEED + 1).normal(50, 3, (40, 2)))
        assert "warning: these data are not like those of the statistics: 'a', 'b'; a" in shell.run(
            f"scale new.csv {apply}"
        )


def test_the_summary_tells_the_extremes_of_what_was_written(shell: Shell) -> None:
    for options in ("--range -1,1", "--method quantile --clip"):
        document = json.loads(shell.print(f"scale t.csv -o o.csv {options} --json"))
        jsonschema.validate(document, load_schema("written"))
        assert document["operation"] == "scale"
        np.testing.assert_allclose(document["written"]["min"], [-1, -1], rtol=1e-14)
        np.testing.assert_allclose(document["written"]["max"], [1, 1], rtol=1e-14)
    document = json.loads(shell.print("scale t.csv -o o.csv --method l2 --json"))
    jsonschema.validate(document, load_schema("written"))
    assert (document["written"], document["stats"]) == (None, None)


@pytest.mark.parametrize("options", ["--method robust", "--method l2"])
def test_what_is_up_to_date_is_not_made_again(options: str, shell: Shell) -> None:
    shell.run(f"scale t.csv -o o.csv {options} --if-changed")
    assert shell.run(f"scale t.csv -o o.csv {options} --if-changed") == "zm: o.csv is up to date\n"
    assert "scaled (minmax)" in shell.run("scale t.csv -o o.csv --if-changed")


def test_defaults_that_are_spelled_out_change_nothing(shell: Shell) -> None:
    shell.run("scale t.csv -o o.csv --method quantile --if-changed")
    for same in ("--quantiles 1%,99.0", "--range -1,1", "--range=-1.0,1 --quantiles 1,99"):
        assert "up to date" in shell.run(f"scale t.csv -o o.csv {same} --method quantile --if-changed")
    assert "up to date" not in shell.run("scale t.csv -o o.csv --method quantile --clip --if-changed")


def test_pictures_are_scaled_per_channel_pixel_or_sample(shell: Shell) -> None:
    images = np.random.default_rng(SEED).integers(0, 200, (12, 5, 4, 3), dtype=np.uint8)
    with h5py.File("i.h5", "w") as file:
        file["images"] = images
    wide = images.astype(np.float64)
    for options, axes in (("", (0, 1, 2)), ("--per pixel", (0,)), ("--unit", (0, 1, 2))):
        shell.run(f"scale i.h5 -o o.h5 --range -1,1 {options}")
        low, high = wide.min(axis=axes), wide.max(axis=axes)
        with h5py.File("o.h5") as file:
            assert file["images"].dtype == np.float32
            np.testing.assert_allclose(file["images"][()], (wide - low) / (high - low) * 2 - 1, rtol=1e-6, atol=1e-6)
        shell.run("scale o.h5 -o back.h5 --inverse")
        with h5py.File("back.h5") as file:
            np.testing.assert_allclose(file["images"][()], wide, atol=1e-4)
    shell.run("scale i.h5 -o l.h5 --method l2 --dtype float64")
    with h5py.File("l.h5") as file:
        np.testing.assert_allclose((file["images"][()] ** 2).sum(axis=(1, 2, 3)), np.ones(12), rtol=1e-14)


def test_a_table_in_a_pipe_is_scaled_as_it_comes(shell: Shell) -> None:
    shell.run("scale t.csv -o o.csv --method l2")
    ran = run_zm("scale", "-", "--method", "l2", stdin=Path("t.csv").read_bytes(), cwd=shell.folder)
    assert (ran.code, ran.out, ran.err) == (0, Path("o.csv").read_text(), "")


def test_statistics_that_may_be_too_large_for_json_are_saved_as_npz(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(1).normal(size=(20, 3))
    np.save(tmp_path / "x.npy", values)
    monkeypatch.setattr(json_array, "FLAT_NUMBERS", 59)
    robust = ("scale", "x.npy", "--method", "robust")
    ran = call_zm(*robust, "-o", "o.npy", "--save-stats", "s.json", cwd=tmp_path)
    assert (ran.code, "--method robust of 3 features has up to 60; end its name in .npz" in ran.err) == (2, True)
    ran = call_zm(*robust, "-o", "o.npy", "--dtype", "float64", "--json", cwd=tmp_path)
    assert json.loads(ran.out)["stats"] == "o.npy.stats.npz"
    assert not (tmp_path / "o.npy.stats.json").exists()
    assert call_zm(*robust, "-o", "o.npy", "--no-clobber", cwd=tmp_path).code == 3
    assert call_zm("scale", "o.npy", "--inverse", "-o", "back.npy", "--dtype", "float64", cwd=tmp_path).code == 0
    np.testing.assert_allclose(np.load(tmp_path / "back.npy"), values, rtol=1e-12)
    again = (*robust, "-o", "again.npy", "--if-changed")
    assert call_zm(*again, cwd=tmp_path).code == 0
    assert "is up to date" in call_zm(*again, cwd=tmp_path).err
