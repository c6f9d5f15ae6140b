"""Runs a test again with the Python of an environment that has NumPy and SciPy (models_requirements.txt)."""

import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
AGAIN = "STRATA_MODELS_AGAIN"


def environment_python():
    made = subprocess.run([sys.executable, HERE.parent.parent / "tools" / "python_env.py", "numerics",
                           HERE / "models_requirements.txt"], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise SystemExit(f"the test's environment cannot be made: {made.stderr}")
    return pathlib.Path(made.stdout.strip()) / "bin" / "python"


def run_again(file):
    """Returns in that environment only."""
    if AGAIN not in os.environ:
        sys.exit(subprocess.run([environment_python(), "-B", file, *sys.argv[1:]], env={**os.environ, AGAIN: "1"},
                                check=False).returncode)
