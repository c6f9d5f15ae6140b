"""Folders of tools in the cache, each made once from what locks it."""

import fcntl
import hashlib
import os
import pathlib
import shutil
from collections.abc import Callable


def cache() -> pathlib.Path:
    return pathlib.Path(os.environ.get("STRATA_CACHE") or pathlib.Path.home() / ".cache" / "strata")


def made_once(name: str, made_from: bytes, make: Callable[[pathlib.Path], None]) -> pathlib.Path:
    """The folder that `make` makes, in the cache under `name` and a digest of `made_from`; complete once it has
    that name. Older ones of the name are removed. A second run waits for the first and finds it made."""
    root = cache() / "tools"
    root.mkdir(parents=True, exist_ok=True)
    folder = root / f"{name}-{hashlib.sha256(made_from).hexdigest()[:16]}"
    if (folder / "complete").exists():
        return folder
    with (root / f"{name}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            for old in root.glob(f"{name}-{'?' * 16}"):
                shutil.rmtree(old)
            make(folder)
            (folder / "complete").touch()
    return folder
