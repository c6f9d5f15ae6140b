"""The compilers and packages that the recipes use, installed into the cache when first asked for.

Everything lives under one folder of the cache. A folder's name carries a digest of what it was made
from, and a folder exists under its name only when it is complete: an interrupted run leaves at most
something that the next run removes.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

TOOLS = Path(__file__).resolve().parent
LOG_TAIL_LINES = 40
COMPLETE = ".complete"


class BuildError(Exception):
    """A command failed; the message is for the person at the terminal."""


def digest(parts: Iterable[Path | str | bytes]) -> str:
    """16 hex digits over strings and files' contents; a file counts with its name."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            total.update(part.name.encode() + b"\0")
            part = part.read_bytes()
        elif isinstance(part, str):
            part = part.encode()
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()[:16]


class Toolchain:
    """Thread-safe: recipes run side by side, and what two of them need is made once."""

    def __init__(self, cache: Path) -> None:
        self._root = cache / "examples"
        self._root.mkdir(parents=True, exist_ok=True)
        self._run_lock = self._wait_for_other_runs()
        self._locks: dict[str, threading.Lock] = {}
        self._locks_guard = threading.Lock()
        # Every tool keeps its downloads and its own cache in ours, not in the home folder.
        self._environment = os.environ | {
            "npm_config_cache": os.environ.get("npm_config_cache", str(cache / "npm")),
            "npm_config_update_notifier": "false",
            "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(cache / "pip")),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "GOCACHE": str(cache / "go-build"),
            "GOMODCACHE": str(cache / "go-mod"),
            "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
        }

    def _wait_for_other_runs(self) -> TextIO:
        """One run at a time: two would empty each other's folders. Commands inherit the lock, so those
        of a run that was killed have ended, too, when the next one begins."""
        lock = (self._root / "lock").open("w", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another examples/build to end …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        return lock

    @property
    def root(self) -> Path:
        return self._root

    def run(self, log: Path, command: list[str | Path], **changes: str) -> None:
        """Runs a command with changes to its environment; its output goes to the log."""
        with log.open("ab") as out:
            out.write(f"$ {' '.join(map(str, command))}\n".encode())
            out.flush()
            done = subprocess.run(
                command,
                env=self._environment | changes,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self._root,
                pass_fds=[self._run_lock.fileno()],
                check=False,
            )
        if done.returncode != 0:
            tail = log.read_text("utf-8", "replace").splitlines()[-LOG_TAIL_LINES:]
            raise BuildError("\n".join([*tail, f"{command[0]} failed; all output is in {log}"]))

    def version(self, command: list[str]) -> str:
        """What a tool says of itself: part of the digest of everything made with it."""
        try:
            done = subprocess.run(
                command, env=self._environment, capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise BuildError(f"{command[0]} does not work ({error}); run `make setup`") from error
        return done.stdout

    def once(self, name: str, key: str, fill: Callable[[Path], None]) -> Path:
        """The folder NAME-KEY, filled in place when it is not complete. Older keys are removed."""
        with self._locks_guard:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            folder = self._root / f"{name}-{key}"
            if (folder / COMPLETE).exists():
                return folder
            for old in self._root.glob(f"{name}-{'?' * len(key)}"):
                shutil.rmtree(old)
            folder.mkdir()
            fill(folder)
            (folder / COMPLETE).touch()
            return folder

    def node_tools(self) -> Path:
        """A folder with node_modules as locked, and componentize.mjs beside it."""
        files = [TOOLS / name for name in ("package.json", "package-lock.json", "componentize.mjs")]

        def fill(folder: Path) -> None:
            for file in files:
                shutil.copy(file, folder)
            # No package's install script runs: none of what is used here needs one.
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            self.run(folder / "install.log", [*command, "--loglevel=error", "--prefix", folder])

        return self.once("node", digest([*files, self.version(["node", "--version"])]), fill)

    def python_tools(self) -> Path:
        """A virtual environment with componentize-py; bin/ and sources/ are of interest."""
        wheels, sources = TOOLS / "requirements.txt", TOOLS / "sources.txt"

        def fill(folder: Path) -> None:
            log = folder / "install.log"
            self.run(log, [sys.executable, "-m", "venv", folder])
            pip = [folder / "bin" / "python", "-m", "pip", "--quiet"]
            self.run(log, [*pip, "install", "--require-hashes", "--only-binary=:all:", "-r", wheels])
            download = ["download", "--require-hashes", "--no-deps", "--no-binary=:all:"]
            download += ["--no-build-isolation", "--dest", folder / "sources", "-r", sources]
            self.run(log, [*pip, *download])
            for archive in (folder / "sources").glob("*.tar.gz"):
                self.run(log, ["tar", "-xzf", archive, "-C", folder / "sources"])

        return self.once("python", digest([wheels, sources, sys.version, sys.executable]), fill)

    def cmark(self) -> Path:
        """The root of the cmarkgfm source package."""
        return next((self.python_tools() / "sources").glob("cmarkgfm-*/"))

    def sqlite(self) -> Path:
        """A folder with sqlite3.c and sqlite3.h."""
        return self.node_tools() / "node_modules" / "better-sqlite3" / "deps" / "sqlite3"

    def objects(self, name: str, flags: list[str], sources: list[Path]) -> list[Path]:
        """A C library compiled for wasm32-wasi, kept until its sources or flags change."""
        key = digest([*sources, " ".join(flags), self.version(["clang-19", "--version"])])

        def fill(folder: Path) -> None:
            command = ["clang-19", "--target=wasm32-wasi", *flags, "-c"]
            for source in sources:
                self.run(folder / "compile.log", [*command, source, "-o", folder / f"{source.stem}.o"])

        return sorted(self.once(f"lib-{name}", key, fill).glob("*.o"))


@contextlib.contextmanager
def empty_folder(folder: Path):
    """The folder, emptied; removed at the end unless an error needs its logs."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)
