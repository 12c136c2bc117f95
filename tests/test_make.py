"""The Makefile's environment, with a stand-in for Python that writes down what it is told."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")

# make gives these on to the tests that it runs.
OF_MAKE = {"PYTHON", "VENV", "CONSTRAINTS", "SOURCE", "TORCH", "MAKEFLAGS"}

# It answers the question for its version, makes an environment with a copy of itself, and takes
# every other command as done.
STAND_IN = """#!/bin/sh
echo "$*" | tr '\\n' ' ' >> "{log}"; echo >> "{log}"
case "$*" in
    *version_info*) echo {version}; exit {is_old};;
    *"-m venv"*) mkdir -p "$4/bin"; cp "$0" "$4/bin/python"; touch "$4/pyvenv.cfg";;
esac
"""


@pytest.fixture
def project(tmp_path):
    for name in ("Makefile", "setup.cfg", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    return tmp_path


def put_python(path, version):
    """Write a stand-in for a Python of some version, and return its path."""
    is_old = int(int(version.split(".")[1]) < 11)
    log = path.parent.parent / "log" if path.parent.name == "bin" else path.parent / "log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(STAND_IN.format(log=log, version=version, is_old=is_old))
    path.chmod(0o755)
    return path


def run_make(project, *arguments, python=None):
    """Run make with `python` first on the path as python3; return what it did and said."""
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}" if python else os.environ["PATH"]
    kept = {key: value for key, value in os.environ.items() if key not in OF_MAKE}
    return subprocess.run(
        ["make", *arguments],
        cwd=project,
        env={**kept, "PATH": path},
        capture_output=True,
        text=True,
    )


def commands(project):
    """Return the commands that any Python was given since the last call."""
    log = project / "log"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return [line for line in lines if "version_info" not in line]


def test_old_python_is_refused_with_the_version_found(project):
    old = put_python(project / "python3", "3.10")
    done = run_make(project, "demo", python=old)
    assert done.returncode != 0
    said = "skchromo needs Python 3.11 or newer, found 3.10: PYTHON=python3.1"
    assert done.stderr.startswith(said)
    assert " make demo\n" in done.stderr
    assert not (project / ".venv").exists()


def test_python_that_does_not_exist_is_named(project):
    done = run_make(project, "test", "PYTHON=python9")
    assert "found no python9" in done.stderr


def test_environment_is_made_once_and_the_demo_run(project):
    python = put_python(project / "python3", "3.12")
    done = run_make(project, "demo", python=python)
    assert done.returncode == 0, done.stderr
    venv, install, demo = commands(project)
    assert venv == "-m venv --clear .venv "
    assert install.endswith("--constraint constraints.txt --editable .[plot] ")
    assert demo == "-P -m skchromo.demo --output demo "
    assert "TORCH=cpu" in done.stdout
    assert run_make(project, "demo", python=python).returncode == 0
    assert commands(project) == [demo]


def test_working_environment_is_kept_whatever_python3_is(project):
    run_make(project, "demo", f"PYTHON={put_python(project / 'python3.12', '3.12')}")
    commands(project)
    old = put_python(project / "python3", "3.10")
    assert run_make(project, "demo", python=old).returncode == 0
    assert commands(project) == ["-P -m skchromo.demo --output demo "]


@pytest.mark.parametrize("fault", ["no python", "no pip", "other version", "old version"])
def test_environment_that_does_not_work_is_made_anew(project, fault):
    python = put_python(project / "python3.12", "3.12")
    run_make(project, "demo", f"PYTHON={python}")
    commands(project)
    inside = project / ".venv" / "bin" / "python"
    inside.unlink()
    if fault == "no pip":
        inside.write_text("#!/bin/sh\ncase $* in *metadata*) exit 1;; esac\n")
        inside.chmod(0o755)
    elif fault != "no python":
        put_python(inside, "3.13" if fault == "other version" else "3.10")
    done = run_make(project, "demo", f"PYTHON={python}")
    assert "made anew" in done.stdout
    venv, install, demo = commands(project)
    assert (venv, demo) == ("-m venv --clear .venv ", "-P -m skchromo.demo --output demo ")
    assert ".[plot]" in install


def test_build_of_pytorch_is_installed_before_the_package(project):
    python = put_python(project / "python3", "3.12")
    done = run_make(project, "demo", "TORCH=cpu", python=python)
    assert done.returncode == 0, done.stderr
    _, torch, install, _ = commands(project)
    assert torch.endswith(" torch --index-url https://download.pytorch.org/whl/cpu ")
    assert install.endswith("--editable .[plot] ")


def test_package_whose_installation_was_interrupted_is_installed_again(project):
    python = put_python(project / "python3", "3.12")
    run_make(project, "demo", python=python)
    packages = project / ".venv" / "lib" / "python3.12" / "site-packages"
    for name in ("torch-2.13.0.dist-info", "numpy-2.4.6.dist-info"):
        (packages / name).mkdir(parents=True)
    (packages / "numpy-2.4.6.dist-info" / "RECORD").touch()
    (project / ".venv" / "plot.installed").unlink()
    commands(project)
    assert run_make(project, "demo", python=python).returncode == 0
    assert [path.name for path in packages.iterdir()] == ["numpy-2.4.6.dist-info"]
    assert len(commands(project)) == 2


def test_lowest_versions_are_those_of_setup_cfg(project):
    python = put_python(project / "python3", "3.12")
    done = run_make(project, "test-oldest", python=python)
    assert done.returncode == 0, done.stderr
    lines = (project / "oldest.txt").read_text().splitlines()
    setup = (project / "setup.cfg").read_text()
    assert len(lines) > 15
    for line in lines:
        name, version = line.split("==")
        assert f"{name}>={version}\n" in setup.replace("[http]", "")
    assert "--constraint oldest.txt" in " ".join(commands(project))
