"""Which files belong to the tree: tracked ones and new ones that git does not ignore."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
CXX = {".h", ".cc"}


def git(*arguments: str) -> str | None:
    """What git prints; None when it fails (no such revision, no remote)."""
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


def files() -> list[pathlib.Path]:
    """Every file of the tree that exists, relative to its root, sorted."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard") or ""
    names = sorted({name for name in listed.split("\0") if name})
    return [pathlib.Path(name) for name in names if (ROOT / name).is_file()]


def cxx_files() -> list[pathlib.Path]:
    """Our C++: everything of the programs and libraries, not the guests under examples/."""
    return [path for path in files() if path.suffix in CXX and path.parts[0] not in ("examples", "native")]


def scripts() -> list[pathlib.Path]:
    """Shell scripts, told by their first line."""
    found = []
    for path in files():
        with (ROOT / path).open("rb") as file:
            first = file.readline(80)
        if first.startswith(b"#!") and (b"bash" in first or first.rstrip().endswith(b"/sh")):
            found.append(path)
    return found


def changed() -> set[pathlib.Path] | None:
    """Files that differ from origin/main, or, where that is HEAD itself, from the commit before.

    None means everything: there is nothing to compare with.
    """
    base = (git("merge-base", "HEAD", "origin/main") or "").strip()
    if not base or base == (git("rev-parse", "HEAD") or "").strip():
        dirty = git("status", "--porcelain")
        base = "HEAD" if dirty else "HEAD~1"
    names = git("diff", "--name-only", "-z", base)
    if names is None:
        return None
    names += git("ls-files", "-z", "--others", "--exclude-standard") or ""
    return {pathlib.Path(name) for name in names.split("\0") if name}
