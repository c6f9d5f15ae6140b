"""Functions to deploy: the examples' artifacts, copies of them that differ, and guests of our own."""

import hashlib
import pathlib
import subprocess
import sys

import lib

sys.path.append(str(lib.ROOT / "tests"))
from e2e.images import Image, entry, folder, tar  # noqa: E402

EXAMPLES = lib.ROOT / "build" / "examples"
BUSY = lib.ROOT / "bench" / "server" / "guests" / "busy.c"
BUSY_WORK = {"work": 1, "spin": 2, "fill": 3}
LIMITS = {"memory_mib": 4, "cpu_time_ms": 1000, "timeout_ms": 5000, "concurrency": 1000,
          "request_kib": 64, "response_kib": 64}


def example(name: str) -> pathlib.Path:
    artifact = EXAMPLES / f"{name}.wasm"
    if not artifact.exists():
        raise lib.BenchError(f"{artifact} is missing; make examples builds it")
    return artifact


def variant(artifact: pathlib.Path, number: int, folder: pathlib.Path) -> pathlib.Path:
    """A module with other content and the same behaviour: a custom section is added, so that nothing
    compiled for one serves another."""
    name = b"variant-%d" % number
    section = bytes([0, len(name) + 1, len(name)]) + name
    out = folder / f"{artifact.stem}-{number}.wasm"
    out.write_bytes(artifact.read_bytes() + section)
    return out


def busy(settings: lib.Settings, kind: str) -> pathlib.Path:
    """A guest that uses CPU time, compiled once into the cache."""
    flags = ["--target=wasm32", "-std=c17", "-O2", "-ffreestanding", "-nostdlib", "-mbulk-memory",
             f"-DWORK={BUSY_WORK[kind]}", "-Wl,--no-entry", "-Wl,-z,stack-size=16384",
             "-Wl,--strip-all"]
    key = hashlib.sha256(BUSY.read_bytes() + repr(flags).encode()).hexdigest()[:16]
    out = settings.cache / "guests" / f"{kind}-{key}.wasm"
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = out.with_suffix(".partial")
        subprocess.run([lib.need("clang-19"), *flags, str(BUSY), "-o", str(partial)], check=True)
        partial.rename(out)
    return out


def image(settings: lib.Settings, where: pathlib.Path, *arguments: str) -> str:
    """A reference to an image whose program is the guest of the tests, with these arguments."""
    layer = tar(folder("bin"), entry("bin/guest", (settings.bin / "strata_oci_guest").read_bytes()))
    return f"oci:{Image(where / 'image', [layer], args=('/bin/guest', *arguments)).path}"


def manifest(name: str, artifact: pathlib.Path, path: str, method: str = "GET", **limits) -> dict:
    trigger = {"http": {"host": "*", "path": path, "methods": [method]}}
    return {"apiVersion": "strata.dev/v1alpha1", "kind": "Function",
            "metadata": {"name": name, "namespace": "bench"},
            "spec": {"artifact": str(artifact), "triggers": [trigger],
                     "limits": LIMITS | limits}}
