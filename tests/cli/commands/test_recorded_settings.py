"""What stats files record of a transform: new data follow it, and a difference is reported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.preprocessing import RobustScaler

from tests.cli.commands.scaled_tables import read_table, receipt_of, write_table
from tests.inprocess import Shell
from zm_cli.statsfile.store import load_stats

SEED = 20261205


def test_other_data_that_are_scaled_otherwise_than_training_data_draw_a_warning(shell: Shell) -> None:
    end = "; data for the same use need the same options\n"
    Path("m.csv").write_text("a,b\n1,1\n2,\n9,3\n,8\n5,7\n")
    for command, trained, applied, difference in (
        ("scale", "--range -1,1", "--method minmax", "scaled (minmax) with --range -1,1"),
        ("scale", "--method robust", "--method minmax", "scaled (robust), these are scaled (minmax)"),
        (
            "scale",
            "--method quantile --clip",
            "--method quantile --quantiles 5,95",
            "scaled (quantile) with --clip, --quantiles 1,99",
        ),
        ("scale", "", "--method minmax --clip", "scaled (minmax) with no --clip"),
        ("standardize", "--ddof 1", "--ddof 0", "standardized with --ddof 1"),
        ("standardize", "--epsilon 1e-5", "--epsilon 0", "standardized with --epsilon 1e-05"),
        ("standardize", "", "--ddof 1", "standardized with --ddof 0"),
        ("center", "--impute 0", "--impute none", "centered with --impute 0"),
        ("whiten", "--method pca --components 1", "--method pca", "whitened (pca) with --components 1"),
    ):
        shell.run(f"{command} m.csv -o o.csv {trained} --save-stats s.json")
        told = shell.run(f"{command} m.csv -o n.csv --stats s.json {applied}")
        assert told.count(f"zm: warning: s.json: the training data were {difference}{end}") == 1
        assert "the training data" not in shell.run(f"{command} m.csv -o n.csv --stats s.json {trained}")
    told = shell.run("scale m.csv -o n.csv --stats s.json")
    assert f"the training data were whitened (pca), these are scaled (minmax){end}" in told
    shell.run("center t.csv -o o.csv --save-stats s.json")
    assert f"were centered, these are scaled (minmax){end}" in shell.run("scale t.csv -o n.csv --stats s.json")
    # Values may be missing in new data only.
    assert "warning" not in shell.run("center t.csv -o n.csv --stats s.json --impute mean")


def test_a_share_of_the_variance_is_the_number_of_components_that_it_makes(shell: Shell) -> None:
    shell.run("whiten t.csv -o o.csv --method pca --components 0.4 --save-stats s.json")
    assert load_stats("s.json").transform == {
        "operation": "whiten",
        "method": "pca",
        "ddof": 0,
        "epsilon": 0,
        "components": 1,
    }
    for same in ("--components 0.4", "--components 1"):
        assert "training" not in shell.run(f"whiten t.csv -o n.csv --stats s.json --method pca {same}")


TRAINED = {
    "scale --method robust": "scaled as recorded in {}: --method robust --quantiles 25,75",
    "scale --method quantile --clip --quantiles 2.5,99.9": "scaled as recorded in {}: --method quantile --range -1,1 "
    "--clip --quantiles 2.5,99.9",
    "scale --range 0.1,1 --impute median": "scaled as recorded in {}: --method minmax --range 0.1,1 --impute median",
    "whiten --method pca --components 1": "whitened as recorded in {}: --method pca --components 1",
}


@pytest.mark.parametrize("trained", TRAINED)
@pytest.mark.parametrize("suffix", ["json", "npz", "h5"])
def test_without_a_method_other_data_are_scaled_as_training_data_were(trained: str, suffix: str, shell: Shell) -> None:
    write_table("new.csv", np.random.default_rng(SEED + 1).normal(5, 3, (40, 2)))
    command, *options = trained.split()
    shell.run(" ".join([command, "t.csv", "-o", "o.csv", "--save-stats", f"s.{suffix}", *options]))
    Path("elsewhere").mkdir()
    stats = f"elsewhere/model.{suffix}"
    Path(f"s.{suffix}").rename(stats)
    Path("o.csv").unlink()
    told = shell.run(f"{command} new.csv -o n.csv --stats {stats}")
    assert told.count(f"zm: {TRAINED[trained].format(stats)}\n") == 1
    assert "warning" not in told
    shell.run(" ".join([command, "new.csv", "-o", "m.csv", "--stats", stats, *options]))
    assert Path("m.csv").read_bytes() == Path("n.csv").read_bytes()
    assert receipt_of("m.csv") == receipt_of("n.csv")


def test_parts_and_pipes_save_what_their_statistics_are_for(shell: Shell) -> None:
    values = read_table("t.csv")
    wanted = RobustScaler().fit(values).transform(values)
    shell.run("scale t.csv -o parts --parts 2 --method robust")
    shell.run("scale t.csv -o - --method robust --save-stats piped.json")
    for stats in ("parts.stats.json", "piped.json"):
        assert "--method robust" in shell.run(f"scale t.csv -o n.csv --stats {stats}")
        np.testing.assert_allclose(read_table("n.csv"), wanted, rtol=1e-12)
    shown = shell.print("inspect piped.json")
    assert "\nsaved for     zm scale --method robust --quantiles 25,75\n" in shown
    # An option that is 0 is shown like any other.
    assert "\nskip_rows     0\n" in shown
    shell.run("stats t.csv -o plain.json")
    assert "saved for" not in shell.print("inspect plain.json")
    assert "transform" not in json.loads(Path("plain.json").read_text())


def test_options_that_are_given_win_over_those_that_are_recorded(shell: Shell) -> None:
    shell.run("scale t.csv -o o.csv --method quantile --clip --save-stats s.json")
    told = shell.run("scale t.csv -o n.csv --stats s.json --range 0,1")
    assert "zm: scaled as recorded in s.json: --method quantile --clip --quantiles 1,99\n" in told
    assert "s.json: the training data were scaled (quantile) with --range -1,1;" in told
    assert receipt_of("n.csv")["range"] == [0, 1]
    shell.run("scale t.csv -o o.csv --method robust --save-stats s.json")
    assert shell.refuse("scale t.csv -o n.csv --stats s.json --range 0,1") == (
        "--range: robust, the method in s.json, does not take it; it is for --method minmax or quantile"
    )


def test_a_method_that_nothing_names_is_told_once(shell: Shell) -> None:
    shell.run("stats t.csv -o s.json --covariance")
    for command, done, method in (("scale", "scaled", "minmax"), ("whiten", "whitened", "zca")):
        told = shell.run(f"{command} t.csv -o n.csv --stats s.json")
        sentence = f"nothing says how the training data were {done}; used {method}, name --method"
        assert told.count(f"zm: {sentence}\n") == 1
        assert "nothing says" not in shell.run(f"{command} t.csv -o n.csv --stats s.json --method {method}")
        assert "nothing says" not in shell.run(f"{command} t.csv -o n.csv")


def test_a_method_of_a_later_version_is_not_replaced_by_the_default(shell: Shell) -> None:
    shell.run("scale t.csv -o o.csv --save-stats s.json")
    document = json.loads(Path("s.json").read_text())
    Path("s.json").write_text(json.dumps(document | {"transform": {"operation": "scale", "method": "power", "x": 1}}))
    assert shell.refuse("scale t.csv -o n.csv --stats s.json") == (
        "s.json: was saved for a method that this zm does not know (power); name --method"
    )
    told = shell.run("scale t.csv -o n.csv --stats s.json --method minmax")
    assert "the training data were scaled (power), these are scaled (minmax)" in told
    Path("s.json").write_text(json.dumps(document | {"transform": {"operation": "squash"}}))
    assert "the training data were transformed (squash), these are" in shell.run("scale t.csv -o n.csv --stats s.json")


def test_an_inverse_without_a_receipt_follows_the_stats_file_that_is_named(shell: Shell) -> None:
    shell.run("scale t.csv -o o.csv --method robust --quantiles 10,80 --save-stats s.json")
    Path("o.csv.zm.json").unlink()
    told = shell.run("scale o.csv -o b.csv --inverse --stats s.json")
    assert "zm: undone as recorded in s.json: --method robust --quantiles 10,80\n" in told
    np.testing.assert_allclose(read_table("b.csv"), read_table("t.csv"), rtol=1e-14)
    told = shell.run("scale o.csv -o b.csv --inverse --stats s.json --method robust")
    assert "warning: s.json: the training data were scaled (robust) with --quantiles 10,80;" in told


def test_an_option_that_is_typed_is_not_replaced_by_that_of_the_receipt(shell: Shell) -> None:
    undo = "undo it with the command, statistics and options it was made with, or --force"
    shell.run("whiten t.csv -o o.csv --ddof 1 --epsilon 0.5")
    for option, difference in (("--ddof 0", "ddof 1"), ("--epsilon 0", "epsilon 0.5")):
        assert shell.refuse(f"whiten o.csv -o b.csv --inverse {option}") == (
            f"o.csv: was whitened (zca) otherwise ({difference}); {undo}"
        )
    shell.run("whiten o.csv -o b.csv --inverse")
