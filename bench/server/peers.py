"""The programs that Strata is measured against, pinned, installed into the cache when missing."""

import os
import pathlib
import shutil
import subprocess

import lib

WASMTIME = "48.0.8"
WASMTIME_FEATURES = ("run,serve,wasi-http,cranelift,compile,parallel-compilation,pooling-allocator,"
                     "component-model,component-model-async,cache,logging,demangle,gc,gc-drc,backtrace,"
                     "wat,threads")
WORKERD = "1.20261117.1"


def install(command: list[str], folder: pathlib.Path, **environment: str) -> None:
    print(f"installing: {' '.join(command)}", flush=True)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                          env={**os.environ, **environment})
    if done.returncode != 0:
        raise lib.BenchError(f"{' '.join(command)}: {done.stdout[-500:]}{done.stderr[-2000:]}")


def wasmtime(settings: lib.Settings) -> pathlib.Path:
    """Compiled as native/ is: with one code unit a crate it serves up to half as much again."""
    root = settings.cache / f"wasmtime-{WASMTIME}"
    program = root / "bin" / "wasmtime"
    if not program.exists():
        root.mkdir(parents=True, exist_ok=True)
        install(["cargo", "install", "wasmtime-cli", "--version", WASMTIME, "--locked",
                 "--no-default-features", "--features", WASMTIME_FEATURES, "--root", str(root)], root,
                CARGO_PROFILE_RELEASE_CODEGEN_UNITS="1")
    return program


def workerd(settings: lib.Settings) -> pathlib.Path:
    """The program alone: the npm package that it belongs to is a launcher."""
    folder = settings.cache / f"workerd-{WORKERD}"
    program = folder / "node_modules" / "@cloudflare" / "workerd-linux-64" / "bin" / "workerd"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        install(["npm", "install", "--prefix", ".", "--ignore-scripts", "--no-audit", "--no-fund",
                 "--no-save", f"@cloudflare/workerd-linux-64@{WORKERD}"], folder)
    return program


def nginx(settings: lib.Settings) -> pathlib.Path:
    """Debian's, unpacked and not installed: a benchmark has no business with a running service."""
    folder = settings.cache / "nginx"
    program = folder / "usr" / "sbin" / "nginx"
    if not program.exists():
        download = folder / "download"
        shutil.rmtree(download, ignore_errors=True)
        download.mkdir(parents=True)
        install(["apt-get", "download", "nginx"], download)
        package = next(download.glob("nginx_*.deb"))
        partial = folder / "partial"
        shutil.rmtree(partial, ignore_errors=True)
        install(["dpkg", "-x", str(package), str(partial)], folder)
        os.renames(partial / "usr", folder / "usr")
    return program
