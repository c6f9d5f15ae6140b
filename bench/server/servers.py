"""Servers under measurement, each on the cores it is given, ended by their process ids."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import lib
import peers

START_SECONDS = 30
HELLO = b"hello, world\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(address: str, path: str = "/", method: str = "GET", body: bytes = b"",
        timeout: float = 60) -> tuple[int, bytes]:
    host, port = address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=timeout)
    try:
        connection.request(method, path, body=body)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: pathlib.Path) -> None:
        super().__init__("localhost", timeout=600)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))

    def call(self, method: str, path: str, body: object = None) -> object:
        """One request of the API with a JSON body; its JSON answer. An error answer is a BenchError."""
        text = None if body is None else json.dumps(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        self.request(method, path, body=text, headers=headers)
        response = self.getresponse()
        answer = response.read()
        if response.status >= 400:
            raise lib.BenchError(f"{method} {path}: {response.status} {answer[:500]!r}")
        return json.loads(answer) if answer else None


class Strata:
    """A server with a state directory of its own. `options` are stratad's."""

    def __init__(self, settings: lib.Settings, *options: str, cpus: str | None = None) -> None:
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="strata-bench."))
        self._strata = [str(settings.bin / "strata"), "--home", str(self.home)]
        self._options = list(options)
        self._pin = ["taskset", "-c", cpus] if cpus else []
        self.address = ""

    def __enter__(self) -> "Strata":
        self.up()
        return self

    def __exit__(self, *_) -> None:
        subprocess.run([*self._strata, "down"], capture_output=True, check=False)
        shutil.rmtree(self.home, ignore_errors=True)

    def up(self) -> None:
        command = [*self._pin, *self._strata, "up", "-d", "--listen", self.address or "127.0.0.1:0",
                   "-o", "json", "--", *self._options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise lib.BenchError(f"{' '.join(command)}: {done.stderr.strip()}")
        self.address = json.loads(done.stdout)["listen"]

    def api(self) -> UnixConnection:
        return UnixConnection(self.home / "run" / "api.sock")

    def apply(self, *manifests: dict) -> None:
        files = [{"name": one["metadata"]["name"], "dir": "/", "text": json.dumps(one)}
                 for one in manifests]
        self.api().call("POST", "/v1/apply", {"files": files})

    def url(self, path: str) -> str:
        return f"http://{self.address}{path}"

    def manager(self) -> int:
        return self.api().call("GET", "/v1/status")["pid"]

    def cells(self) -> list[int]:
        return [cell["pid"] for cell in self.api().call("GET", "/v1/status")["cells"]]

    def pids(self) -> list[int]:
        return [self.manager(), *self.cells()]


class Peer:
    """A foreign server in the foreground of a temporary folder. Subclasses say the command."""

    def __init__(self, cpus: str) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-bench."))
        self.port = free_port()
        self._cpus = cpus
        self._process: subprocess.Popen | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def __enter__(self) -> "Peer":
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["taskset", "-c", self._cpus, *self.command()], cwd=self.folder, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                status, answer = get(f"127.0.0.1:{self.port}", timeout=START_SECONDS)
            except OSError:
                time.sleep(0.02)
                continue
            if status == 200 and answer == HELLO:
                return self
            break
        text = (self.folder / "log").read_text(errors="replace")
        self.__exit__()
        raise lib.BenchError(f"{type(self).__name__} does not answer: {text[-2000:]}")

    def __exit__(self, *_) -> None:
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class WasmtimeServe(Peer):
    def __init__(self, settings: lib.Settings, component: pathlib.Path, flags: list[str]) -> None:
        super().__init__(settings.server_cpu)
        self._command = [str(peers.wasmtime(settings)), "serve", *flags, "--addr",
                         f"127.0.0.1:{self.port}", str(component)]

    def command(self) -> list[str]:
        return self._command


class Workerd(Peer):
    CONFIG = """using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .hello)],
  sockets = [(name = "http", address = "127.0.0.1:%d", http = (), service = "main")]
);
const hello :Workerd.Worker = (
  modules = [(name = "hello.js", esModule = embed "hello.js")],
  compatibilityDate = "2025-01-01"
);
"""
    WORKER = 'export default { fetch() { return new Response("hello, world\\n"); } };\n'

    def __init__(self, settings: lib.Settings) -> None:
        super().__init__(settings.server_cpu)
        self._program = peers.workerd(settings)

    def command(self) -> list[str]:
        (self.folder / "hello.js").write_text(self.WORKER)
        (self.folder / "config.capnp").write_text(self.CONFIG % self.port)
        return [str(self._program), "serve", "config.capnp"]


class Nginx(Peer):
    CONFIG = """daemon off; master_process off; pid nginx.pid; error_log stderr;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000;
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp;
  scgi_temp_path tmp;
  server { listen 127.0.0.1:%d; location / { return 200 "hello, world\\n"; } }
}
"""

    def __init__(self, settings: lib.Settings) -> None:
        super().__init__(settings.server_cpu)
        self._program = peers.nginx(settings)

    def command(self) -> list[str]:
        (self.folder / "nginx.conf").write_text(self.CONFIG % self.port)
        return [str(self._program), "-p", str(self.folder), "-c", "nginx.conf"]
