"""The files in examples/ and the hooks do what they say: the Makefile by make, the workflow step by step, the hooks by
pre-commit itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.shell import put_zm_on_path
from tests.systems import slow

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the data that the examples name."""
    (tmp_path / "data").mkdir()
    for split in ("train", "test"):
        shutil.copy(ROOT / "sample_data" / f"iris_{split}.csv", tmp_path / "data" / f"{split}.csv")
    shutil.copytree(ROOT / "sample_data" / "digits", tmp_path / "data" / "images")
    return tmp_path


def run(project: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in the project, with zm on its PATH."""
    return subprocess.run(
        words, cwd=project, env=put_zm_on_path(project) | variables, capture_output=True, text=True, check=False
    )


def times_of(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@slow
def test_make_prepares_the_data_and_a_second_make_does_nothing(project: Path) -> None:
    shutil.copy(EXAMPLES / "Makefile", project)
    first = run(project, "make")
    assert first.returncode == 0, first.stderr
    assert {"train.csv", "test.csv", "images.h5", "train.stats.json", "checked"} <= {
        path.name for path in (project / "build").iterdir()
    }
    before = times_of(project / "build")
    second = run(project, "make")
    assert (second.returncode, second.stderr) == (0, "")
    assert "zm" not in second.stdout.replace("make", "")
    assert times_of(project / "build") == before


@slow
def test_files_that_were_only_touched_are_not_made_again(project: Path) -> None:
    shutil.copy(EXAMPLES / "Makefile", project)
    run(project, "make")
    before = times_of(project / "build")
    (project / "data" / "train.csv").touch()
    again = run(project, "make")
    assert again.returncode == 0
    assert "build/train.stats.json is up to date" in again.stderr
    made = {path.name for path, time in times_of(project / "build").items() if time != before[path]}
    assert made <= {"checked"}


@slow
def test_make_stops_if_a_check_fails(project: Path) -> None:
    shutil.copy(EXAMPLES / "Makefile", project)
    table = project / "data" / "test.csv"
    header, *rows = table.read_text().splitlines()
    table.write_text("\n".join([header, *("9" + row for row in rows)]) + "\n")
    ran = run(project, "make")
    assert ran.returncode == 2
    assert "sepal_length" in ran.stdout
    assert not (project / "build" / "checked").exists()


@slow
def test_the_steps_of_the_workflow_run(project: Path) -> None:
    workflow: Any = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text())
    assert workflow["defaults"]["run"]["shell"] == "bash"
    steps = [step for step in workflow["jobs"]["prepare"]["steps"] if "run" in step and step["name"] != "Install"]
    for _ in range(2):
        for step in steps:
            # The shell options of GitHub Actions.
            done = run(project, "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"])
            assert done.returncode == 0, done.stderr
    assert (project / "build" / "drift.json").stat().st_size
    assert "is up to date" in run(project, "bash", "-c", steps[0]["run"]).stderr


@pytest.fixture
def hooked(project: Path) -> Path:
    """The project as a repository with the hooks of the example, changed to call this zm instead of installing it."""
    if shutil.which("git") is None:
        pytest.skip("pre-commit needs git")
    shutil.copy(project / "data" / "test.csv", project / "data" / "new.csv")
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    config: Any = yaml.safe_load((EXAMPLES / "pre-commit-config.yaml").read_text())
    local = [hooks[hook["id"]] | hook | {"language": "system"} for hook in config["repos"][0]["hooks"]]
    (project / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": local}]}))
    assert run(project, "git", "init", "-q").returncode == 0
    return project


def run_hooks(project: Path) -> subprocess.CompletedProcess[str]:
    run(project, "git", "add", "-A")
    home = project.parent / "pre-commit"
    return run(project, "pre-commit", "run", "--all-files", PRE_COMMIT_HOME=str(home))


def test_pre_commit_accepts_the_hooks(project: Path) -> None:
    done = run(project, "pre-commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml"))
    assert done.returncode == 0, done.stdout
    assert run(project, "pre-commit", "validate-config", str(EXAMPLES / "pre-commit-config.yaml")).returncode == 0


@slow
def test_the_hooks_update_outputs_and_refuse_data_that_have_drifted(hooked: Path) -> None:
    run(hooked, "zm", "stats", "data/train.csv", "-o", "train.stats.json", "--if-changed")
    assert run_hooks(hooked).returncode == 0
    (hooked / "data" / "train.csv").write_text((hooked / "data" / "train.csv").read_text().replace("5.1", "5.2", 1))
    stale = run_hooks(hooked)
    assert stale.returncode == 1
    assert "files were modified by this hook" in stale.stdout
    assert run_hooks(hooked).returncode == 0
    (hooked / "data" / "new.csv").write_text((hooked / "data" / "new.csv").read_text().replace("\n5.", "\n95."))
    drifted = run_hooks(hooked)
    assert drifted.returncode == 1
    assert "sepal_length" in drifted.stdout


@slow
def test_the_jobs_of_an_array_measure_parts_that_merge(project: Path) -> None:
    job = str(EXAMPLES / "slurm-shards.sh")
    for index in ("1", "2", "3"):
        done = run(
            project, job, "data/images", "parts", "--mode", "L", SLURM_ARRAY_TASK_ID=index, SLURM_ARRAY_TASK_COUNT="3"
        )
        assert done.returncode == 0, done.stderr
    assert check_merged(project, "zm merge parts/*.json -o train.stats.json")


@slow
def test_the_jobs_of_a_matrix_measure_parts_that_merge(project: Path) -> None:
    jobs: Any = yaml.safe_load((EXAMPLES / "github-matrix.yml").read_text())["jobs"]
    measure = next(step for step in jobs["measure"]["steps"] if step.get("name") == "Measure")
    for index in jobs["measure"]["strategy"]["matrix"]["shard"]:
        done = run(project, "bash", "-eo", "pipefail", "-c", measure["run"], SHARD=str(index))
        assert done.returncode == 0, done.stderr
    merge = next(step for step in jobs["merge"]["steps"] if step.get("name") == "Merge")
    assert check_merged(project, merge["run"])


@slow
def test_a_cluster_of_jobs_does_the_work_of_a_command(project: Path) -> None:
    # The module that starts SLURM jobs is replaced by one that starts processes.
    (project / "dask_jobqueue.py").write_text(
        "from distributed import LocalCluster\n"
        "class SLURMCluster(LocalCluster):\n"
        "    def __init__(self, **jobs): super().__init__(n_workers=0, threads_per_worker=1, dashboard_address=None)\n"
        "    def scale(self, jobs): super().scale(jobs)\n"
    )
    script, python = str(EXAMPLES / "slurm-dask.py"), sys.executable
    words = ("stats", "data/images", "-qo", "train.stats.json")
    done = run(project, python, script, "--jobs", "1", *words, PYTHONPATH=str(project))
    assert done.returncode == 0, done.stderr
    assert check_merged(project, "true")


def check_merged(project: Path, merge: str) -> bool:
    """Merges parts to train.stats.json; returns whether that has the means of the whole, to the last bit."""
    done = run(project, "bash", "-c", merge)
    assert done.returncode == 0, done.stderr
    assert run(project, "zm", "stats", "data/images", "-qo", "whole.json").returncode == 0
    merged, whole = (json.loads((project / name).read_text()) for name in ("train.stats.json", "whole.json"))
    return bool(
        merged["samples"] == whole["samples"] and merged["mean"] == whole["mean"] and merged["m2"] == whole["m2"]
    )


def test_every_example_is_tested() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == {
        "Makefile",
        "github-actions.yml",
        "github-matrix.yml",
        "pre-commit-config.yaml",
        "slurm-dask.py",
        "slurm-shards.sh",
    }
