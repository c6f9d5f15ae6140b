"""How each example becomes a .wasm file: one recipe per function, in the order of the README."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from toolchain import Toolchain

EXAMPLES = Path(__file__).resolve().parent.parent
HTTP_C = EXAMPLES / "http_c"
WIT = EXAMPLES / "wit"
STB = Path("/usr/include/stb")

WARNINGS = ["-Wall", "-Wextra", "-Werror"]
C = ["clang-19", "--target=wasm32-wasi", "-std=c17", "-O2", *WARNINGS]
CXX = ["clang++-19", "--target=wasm32-wasi", "-std=c++20", "-O2", "-fno-exceptions", "-fno-rtti"]
CXX += WARNINGS
STRIP = "-Wl,--strip-all"  # no names and no debug information: they would be stored and hashed
# A component has no main; a small stack in front of the data makes an overflow trap.
REACTOR = ["-mexec-model=reactor", "-Wl,--gc-sections", "-Wl,--stack-first"]
BINDINGS = [f"-I{HTTP_C}", "-isystem", str(HTTP_C / "generated")]

SQLITE_FLAGS = ["-O2", "-DSQLITE_THREADSAFE=0", "-DSQLITE_OMIT_LOAD_EXTENSION", "-DSQLITE_OMIT_WAL"]
SQLITE_FLAGS += ["-DSQLITE_OMIT_DEPRECATED", "-DSQLITE_OMIT_SHARED_CACHE", "-DSQLITE_TEMP_STORE=3"]
SQLITE_FLAGS += ["-DSQLITE_DEFAULT_MEMSTATUS=0", "-DSQLITE_DQS=0"]


@dataclass
class Job:
    """One run of one recipe."""

    source: Path  # the example's folder, read only
    work: Path  # an empty folder for what comes between
    out: Path  # the artifact to make
    tools: Toolchain
    say: Callable[[str], None]  # tells the person at the terminal what begins now

    def run(self, command: list[str | Path], **environment: str) -> None:
        self.tools.run(self.work / "build.log", command, **environment)

    def componentize(self, mode: str, source: Path, world: str) -> None:
        script = self.tools.node_tools() / "componentize.mjs"
        self.run(["node", "--no-warnings", script, mode, source, WIT, world, self.out])


@dataclass(frozen=True)
class Recipe:
    name: str
    make: Callable[[Job], None]
    compiler: list[str]  # the command that prints the compiler's version
    shared: list[Path] = field(default_factory=list)  # inputs outside the example's folder


def thumbnail(job: Job) -> None:
    job.say("compiling C++ with stb_image")
    source = job.source / "thumbnail.cc"
    job.run([*CXX, "-isystem", STB, source, STRIP, "-o", job.out])


def csvsql(job: Job) -> None:
    job.say("compiling SQLite (about 25 s)")
    sqlite = job.tools.sqlite()
    library = job.tools.objects("sqlite", SQLITE_FLAGS, [sqlite / "sqlite3.c"])
    job.say("compiling C")
    sources = sorted(job.source.glob("*.c"))
    job.run([*C, "-isystem", sqlite, *sources, *library, STRIP, "-o", job.out])


def hello_module(job: Job) -> None:
    job.say("compiling C without a library")
    command = ["clang-19", "--target=wasm32", "-std=c17", "-Oz", "-ffreestanding", "-nostdlib"]
    command += [*WARNINGS, "-Wl,--no-entry", "-Wl,--export=strata_text", "-Wl,--stack-first"]
    command += ["-Wl,-z,stack-size=16384", STRIP]
    job.run([*command, job.source / "hello.c", "-o", job.out])


def http_c(job: Job, source: Path) -> None:
    """A wasi:http component from one C file; 16 KiB of stack are enough for these."""
    job.say("compiling C, making a component")
    core = job.work / "core.wasm"
    sources = [source, HTTP_C / "guest_http.c", HTTP_C / "generated" / "http_function.c"]
    stack = "-Wl,-z,stack-size=16384"
    job.run([*C, *BINDINGS, *sources, *REACTOR, stack, STRIP, "-o", core])
    job.componentize("wrap", core, "http-function")


def hello_c(job: Job) -> None:
    http_c(job, job.source / "hello.c")


def fetch(job: Job) -> None:
    http_c(job, job.source / "fetch.c")


def markdown(job: Job) -> None:
    job.say("compiling cmark")
    root = job.tools.cmark()
    folders = [root / "third_party" / "cmark" / "src", root / "third_party" / "cmark" / "extensions"]
    include = [f"-I{path}" for path in (*folders, root / "generated" / "unix")]
    # The library's own warnings are not ours to fix.
    flags = ["-std=gnu99", "-O2", "-w", "-DNDEBUG", "-DCMARK_GFM_STATIC_DEFINE", *include]
    sources = [path for folder in folders for path in sorted(folder.glob("*.c"))]
    library = job.tools.objects("cmark", flags, [path for path in sources if path.stem != "main"])

    job.say("compiling C++, making a component")
    bindings = [HTTP_C / "guest_http.c", HTTP_C / "generated" / "http_function.c"]
    objects = [job.work / f"{path.stem}.o" for path in bindings]
    for path, compiled in zip(bindings, objects, strict=True):
        job.run([*C, *BINDINGS, "-c", path, "-o", compiled])
    core = job.work / "core.wasm"
    system = [flag.replace("-I", "-isystem", 1) for flag in include]
    command = [*CXX, *BINDINGS, *system, "-DCMARK_GFM_STATIC_DEFINE", job.source / "markdown.cc"]
    job.run([*command, *objects, *library, *REACTOR, STRIP, "-o", core])
    job.componentize("wrap", core, "http-function")


def jsonschema(job: Job) -> None:
    job.say("starting the JavaScript engine on the program (about 30 s)")
    job.componentize("javascript", job.source / "validate.js", "http-proxy")


def classify(job: Job) -> None:
    job.say("training the model in a component's Python (about 15 s)")
    app = job.work / "app"  # a copy: the interpreter writes its caches beside the sources
    shutil.copytree(job.source, app, ignore=shutil.ignore_patterns("__pycache__", "*_test.py"))
    tool = job.tools.python_tools() / "bin" / "componentize-py"
    world = ["--wit-path", WIT, "--world", "http-proxy"]
    job.run([tool, "--quiet", *world, "componentize", "app", "--python-path", app, "-o", job.out])


def wordcount(job: Job) -> None:
    job.say("compiling Go")
    command = ["go", "build", "-C", job.source, "-ldflags=-s -w", "-o", job.out, "."]
    job.run(command, GOOS="wasip1", GOARCH="wasm")


CLANG = ["clang-19", "--version"]
COMPONENT_C = [HTTP_C, WIT]
RECIPES = [
    Recipe("hello-module", hello_module, CLANG),
    Recipe("hello-c", hello_c, CLANG, COMPONENT_C),
    Recipe("thumbnail", thumbnail, CLANG, [STB]),
    Recipe("markdown", markdown, CLANG, COMPONENT_C),
    Recipe("csvsql", csvsql, CLANG),
    Recipe("jsonschema", jsonschema, ["node", "--version"], [WIT]),
    Recipe("classify", classify, ["python3", "--version"], [WIT]),
    Recipe("wordcount", wordcount, ["go", "version"]),
    Recipe("fetch", fetch, CLANG, COMPONENT_C),
]
