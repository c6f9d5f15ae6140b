"""A real server for one test class: its own state directory, its own port, nothing left behind.

The programs are taken from the folder in $STRATA_BIN (ctest sets it), artifacts from build/examples.
"""

import http.client
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("STRATA_BIN", ROOT / "build" / "release" / "bin")).resolve()
EXAMPLES = ROOT / "examples"
ARTIFACTS = ROOT / "build" / "examples"

# Exit codes of `strata`, as its help lists them.
DONE, FAILED, USAGE, NOT_FOUND, NO_SERVER, WRONG_STATE, TRY_LATER, DENIED, UNSUPPORTED, GUEST_ENDED = range(10)

# Far above what anything here takes; a test that reaches it hangs.
PATIENCE = 60


class Answer:
    """What an HTTP request got."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode()

    @property
    def problem(self):
        """The last part of the problem's type: "no-route"; "" when the answer is no problem."""
        if self.headers.get_content_type() != "application/problem+json":
            return ""
        return json.loads(self.body)["type"].rsplit(":", 1)[-1]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Server:
    """One STRATA_HOME under /tmp (a Unix socket's path is short) and what runs on it."""

    def __init__(self, *options, prefix=(), home=None):
        self.home = pathlib.Path(home or tempfile.mkdtemp(prefix="strata-e2e."))
        self.options = options
        self.prefix = list(prefix)  # runs every program, say as another user
        self.address = None
        self.instance = None  # the id that every process of this server carries

    # --- its life

    def up(self, listen="127.0.0.1:0"):
        words = ["up", "-d", "--listen", listen]
        if self.options:
            words += ["--", *self.options]
        self.address = self.json(*words)["listen"]
        self.instance = self.json("status")["instance"]
        return self

    def down(self):
        return self.strata("down")

    def end(self):
        """Stops it and returns what it left on the host, which should be nothing."""
        done = self.down()
        left = [] if done.returncode == DONE else [f"strata down: {done.stderr.strip()}"]
        left += [f"process {pid}: {' '.join(words)}" for pid, words in self.processes().items()]
        left += [str(path) for path in self.leftovers()]
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        if not left:
            shutil.rmtree(self.home)
        return left

    def processes(self):
        """Living processes of this instance: pid -> command line."""
        found = {}
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
            except OSError:  # it has just ended
                continue
            ours = {f"--home={self.home}", f"--instance={self.instance}"}
            if words and pathlib.Path(words[0]).name.startswith("strata") and ours & set(words):
                found[int(folder.name)] = words
        return found

    def leftovers(self):
        """Sockets and scratch directories under its home, its mounts and control groups."""
        sockets = [path for path in self.home.rglob("*") if path.is_socket()]
        mounts = [line for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()
                  if str(self.home) in line]
        groups = [path for depth in ("*", "*/*")
                  for path in pathlib.Path("/sys/fs/cgroup").glob(f"{depth}/strata-{self.group()}*")]
        return sockets + list((self.home / "scratch").glob("*/*")) + mounts + groups

    def group(self):
        """How the names of its control groups go on."""
        return (self.instance or "none")[:12]

    def kill_manager(self):
        kill(next(pid for pid, words in self.processes().items() if words[0].endswith("/stratad")))

    def cell_pids(self):
        return [cell["pid"] for cell in self.json("status")["cells"]]

    # --- its command line

    def strata(self, *words, stdin="", cwd=None):
        command = [*self.prefix, str(BIN / "strata"), "--home", str(self.home), *words]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=cwd,
                              timeout=PATIENCE, check=False)

    def json(self, *words, stdin="", cwd=None):
        """Runs a verb that must succeed and reads its JSON."""
        options = ["-o", "json"]
        done = self.strata(*options, *words, stdin=stdin, cwd=cwd)
        if done.returncode != DONE:
            raise AssertionError(f"strata {' '.join(words)}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def apply(self, *manifests):
        return self.json("apply", "-f", "-", stdin=documents(*manifests))

    def resources(self):
        """Names of everything deployed, as kind/namespace/name."""
        items = self.json("get", "-A")["items"]
        return sorted("/".join((item["kind"], item["metadata"]["namespace"], item["metadata"]["name"]))
                      for item in items)

    # --- its HTTP

    def connect(self):
        host, port = self.address.rsplit(":", 1)
        return http.client.HTTPConnection(host, int(port), timeout=PATIENCE)

    def request(self, method, path, body=None, headers=None):
        connection = self.connect()
        try:
            connection.request(method, path, body=body, headers=headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def api(self, method, path, body=None):
        connection = UnixConnection(self.home / "run" / "api.sock")
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, body=text, headers=headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def exchange(self, data):
        """Sends raw bytes, and returns all that comes until the server closes."""
        host, port = self.address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as raw:
            raw.sendall(data)
            raw.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while piece := raw.recv(65536):
                    answer += piece
            except ConnectionResetError:  # it refused to read what was left
                pass
            return answer

    # --- its files

    def access_log(self):
        path = self.home / "logs" / "access.log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def log(self):
        return (self.home / "logs" / "stratad.log").read_text()


class ServerTest(unittest.TestCase):
    """Tests that share one server; a class that leaves something on the host fails."""

    options = ()
    prefix = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.options, prefix=cls.prefix)
        try:
            cls.server.up()
            cls.prepare()
        except BaseException:
            cls.server.end()
            raise

    @classmethod
    def prepare(cls):
        """What every test of the class needs deployed."""

    @classmethod
    def tearDownClass(cls):
        left = cls.server.end()
        if left:
            raise AssertionError("left on the host:\n" + "\n".join(left))

    def assert_exit(self, done, code, *words):
        """The command ended with `code` and its error names every one of `words`."""
        self.assertEqual(done.returncode, code, done.stderr or done.stdout)
        for word in words:
            self.assertIn(word, done.stderr)


def function(name, artifact, path=None, namespace="demo", **spec):
    """A Function's manifest; `path` is its trigger."""
    spec = {"artifact": str(artifact), **spec}
    if path is not None:
        spec["triggers"] = [{"http": {"host": "*", "path": path}}]
    return {"apiVersion": "strata.dev/v1alpha1", "kind": "Function",
            "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def of_class(name):
    """The fields of a spec that ask for the class that is called `name`."""
    return {"class": "container", "within": "microvm"} if name == "container-in-microvm" else {"class": name}


def documents(*manifests):
    """YAML is a superset of JSON: one document each."""
    return "\n---\n".join(json.dumps(manifest) for manifest in manifests) + "\n"


def hello(name="hello", path="/hello", namespace="demo", **spec):
    """The smallest useful function."""
    return function(name, ARTIFACTS / "hello-module.wasm", path, namespace, **spec)


def kill(pid):
    """kill -9, and waits for the kernel to have closed what it held."""
    handle = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    select.select([handle], [], [], PATIENCE)
    os.close(handle)


def eventually(probe, seconds=PATIENCE):
    """Polls until `probe` returns something true, for what the server does after its answer."""
    end = time.monotonic() + seconds
    while True:
        found = probe()
        if found or time.monotonic() > end:
            return found
        time.sleep(0.02)
