"""Runs a test again with the Python of an environment that has what it imports."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
REQUIREMENTS = {"numerics": "tests/advisor/models_requirements.txt",  # NumPy and SciPy
                "schemathesis": "tests/e2e/requirements.txt"}  # also a JSON Schema validator and PyYAML
AGAIN = "STRATA_TEST_AGAIN"


def environment_python(name):
    made = subprocess.run([sys.executable, ROOT / "tools" / "python_env.py", name, ROOT / REQUIREMENTS[name]],
                          capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise SystemExit(f"the test's environment cannot be made: {made.stderr}")
    return pathlib.Path(made.stdout.strip()) / "bin" / "python"


def run_again(file, environment="numerics"):
    """Returns in that environment only."""
    if AGAIN not in os.environ:
        sys.exit(subprocess.run([environment_python(environment), "-B", file, *sys.argv[1:]],
                                env={**os.environ, AGAIN: "1"}, check=False).returncode)
