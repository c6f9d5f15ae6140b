"""A real containerd for one test class, in the namespaces that `in_namespaces` made for the run.

The tools are what `build-tools` made. The shim under test is found next to the project's programs, in
$STRATA_BIN; containerd's own shim for runc lies beside containerd.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

from e2e.support import BIN, PATIENCE, ROOT, eventually, kill  # noqa: F401 - for tests of this folder, too
from kube import image

HERE = pathlib.Path(__file__).resolve().parent
SHIM = "containerd-shim-strata-v2"
CELL = "strata-cell"
CNI = "/usr/lib/cni"  # Debian's plugins
FILES = 1024  # that containerd may open until it asks for more, as systemd starts it
IMAGE = "localhost/test/busybox:1"
PAUSE = "localhost/test/pause:1"
STRATA = "localhost/strata:latest"
PAUSE_COMMAND = ("sleep", "2147483647")

# Whose a namespace is, in Kubernetes' runtime interface.
OF_POD, OF_CONTAINER, OF_NODE, OF_TARGET = 0, 1, 2, 3
MIB = 1 << 20

CONFIG = """
version = 4
root = '{dir}/root'
state = '{dir}/state'
imports = ['{dir}/conf.d/*.toml']
oom_score = 0
disabled_plugins = [
  'io.containerd.internal.v1.tracing', 'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.zfs', 'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.blockfile', 'io.containerd.snapshotter.v1.erofs',
  'io.containerd.differ.v1.erofs']
[plugins.'io.containerd.server.v1.grpc']
  address = '{dir}/c.sock'
[plugins.'io.containerd.server.v1.ttrpc']
  address = '{dir}/c.sock.ttrpc'
[plugins.'io.containerd.shim.v1.manager']
  socket_dir = '{dir}/s'
[plugins.'io.containerd.internal.v1.opt']
  path = '{dir}/opt'
[plugins.'io.containerd.nri.v1.nri']
  disable = true
[plugins.'io.containerd.image-verifier.v1.bindir']
  bin_dir = '{dir}/verifier'
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '{pause}'
[plugins.'io.containerd.cri.v1.runtime']
  disable_apparmor = true
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  cdi_spec_dirs = ['{dir}/cdi']
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ['{dir}/cni', '{cni}']
    conf_dir = '{dir}/net.d'
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = 'runc'
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = 'io.containerd.runc.v2'
"""

HANDLER = """
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.{name}]
      runtime_type = '{type}'
      sandboxer = '{sandboxer}'
      container_annotations = ['strata.dev/*']
"""

OPTIONS = """
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.{name}.options]
        {lines}
"""

NETWORK = {
    "cniVersion": "1.0.0", "name": "pods",
    "plugins": [{"type": "bridge", "bridge": "pods0", "isGateway": True, "ipam": {
        "type": "host-local", "ranges": [[{"subnet": "10.123.0.0/16"}]],
        "routes": [{"dst": "0.0.0.0/0"}]}}],
}


def tools():
    """The folder with containerd, ctr and crictl; builds them when they are not there."""
    done = subprocess.run([HERE / "build-tools"], stdout=subprocess.PIPE, text=True, check=True)
    return pathlib.Path(done.stdout.strip())


class Node:
    """One containerd, its folder under /tmp (a Unix socket's path is short) and what runs on it."""

    def __init__(self, handlers=(), files=None):
        """`handlers`: (name, runtime type, sandboxer, options) of each CRI runtime beside "runc", the options as
        TOML, if any; `files`: path -> bytes, in the image beside busybox."""
        self.files = files
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="kube."))
        # Of ctr's containers; also the name of the group that all containers' control groups are in.
        self.namespace = f"strata-kube-{secrets.token_hex(4)}"
        self.tools = tools()
        self.daemon = None
        self.dir.chmod(0o711)  # cells, which are no root, run what is installed in it
        self.on_path = BIN  # where containerd finds the shim
        (self.dir / "net.d").mkdir()
        (self.dir / "net.d" / "10-pods.conflist").write_text(json.dumps(NETWORK))
        config = CONFIG.format(dir=self.dir, pause=PAUSE, cni=CNI)
        for name, kind, sandboxer, *options in handlers:
            config += HANDLER.format(name=name, type=kind, sandboxer=sandboxer)
            for lines in options:
                config += OPTIONS.format(name=name, lines=lines)
        (self.dir / "config.toml").write_text(config)

    # --- its life

    def up(self):
        """Starts containerd, the first time or again."""
        path = f"{self.on_path}:{self.tools}:/usr/sbin:/usr/bin:/sbin:/bin"
        with open(self.dir / "log", "ab") as log:
            self.daemon = subprocess.Popen(
                ["prlimit", f"--nofile={FILES}:", self.tools / "containerd", "-c", self.dir / "config.toml"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, env={"PATH": path}, start_new_session=True)
        # Kubernetes' interface comes later: it looks first for what is there.
        if not eventually(lambda: self.ctr("version").returncode == 0 and self.crictl("version").returncode == 0):
            raise AssertionError(f"containerd does not answer:\n{self.log()[-3000:]}")
        return self

    def import_images(self):
        for name, command in ((IMAGE, ("sh",)), (PAUSE, PAUSE_COMMAND)):
            self.import_image(image.write, name, command, self.files)

    def import_image(self, write, *words):
        """What `write(path, *words)` writes, for ctr and for Kubernetes."""
        archive = self.dir / "image.tar"
        write(archive, *words)
        for namespace in (self.namespace, "k8s.io"):
            self.must(self.ctr("images", "import", str(archive), namespace=namespace))
        archive.unlink()
        self.wait_for_image(words[0])

    def wait_for_image(self, name):
        """Until Kubernetes' interface has it, which hears of an import by an event."""
        if not eventually(lambda: self.crictl("inspecti", name).returncode == 0):
            raise AssertionError(f"never there: {name}")

    def import_strata(self):
        """What deploy/kubernetes installs, as STRATA."""
        layout, archive = self.dir / "layout", self.dir / "layout.tar"
        # Compressing the programs takes its time.
        subprocess.run([ROOT / "deploy" / "kubernetes" / "image" / "build", BIN, layout], check=True)
        subprocess.run(["tar", "-C", layout, "-cf", archive, "."], check=True)
        for namespace in (self.namespace, "k8s.io"):
            self.must(self.ctr("images", "import", "--base-name", STRATA.split(":")[0], archive, namespace=namespace))
        shutil.rmtree(layout)
        archive.unlink()
        self.wait_for_image(STRATA)

    def stop(self, how=signal.SIGTERM):
        """Ends containerd alone: shims and what they hold live on."""
        self.daemon.send_signal(how)
        self.daemon.wait(PATIENCE)
        self.daemon = None

    @contextlib.contextmanager
    def restarted_on_request(self):
        """What systemd is on a node: meanwhile containerd is started again for whoever runs the command that this
        gives, which ends when it is back."""
        asked, done = self.dir / "restart", threading.Event()

        def watch():
            while not done.wait(0.02):
                if asked.exists():
                    self.stop()
                    self.up()
                    asked.unlink()

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield f"touch {asked}; while [ -e {asked} ]; do sleep 0.1; done"
        finally:
            done.set()
            watcher.join()

    def end(self):
        """Stops it and returns what is left, which should be nothing."""
        if self.daemon is not None:
            self.stop()
        eventually(lambda: not self.processes(), 20)
        left = [f"process {pid}: {words}" for pid, words in self.processes().items()]
        left += [f"mount {line}" for line in self.mounts()]
        left += [f"control group {path}" for path in (*self.control_groups(), *self.zygote_groups())]
        self.remove_control_groups()
        if not left:
            shutil.rmtree(self.dir)
        return left

    def processes(self):
        """Living processes of these namespaces but this one, its parents and containerd."""
        mine, pid = {os.getpid()}, os.getpid()
        while pid > 1:
            pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
            mine.add(pid)
        if self.daemon is not None:
            mine.add(self.daemon.pid)
        found = {}
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            if int(folder.name) in mine:
                continue
            try:
                words = (folder / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
            except OSError:  # it has just ended
                continue
            if words:  # a zombie has none
                found[int(folder.name)] = words.strip()
        return found

    def pids_of(self, name):
        """Of the processes whose program is called so."""
        return [pid for pid, words in self.processes().items()
                if pathlib.Path(words.split(" ")[0]).name == name]

    def cells(self):
        """Of the processes of class wasm those that are containers."""
        return [pid for pid in self.pids_of(CELL) if self.is_contained(pid)]

    def zygotes(self):
        """Those that they are forked from."""
        return [pid for pid, words in self.processes().items()
                if f"{CELL} --role=command" in words and not self.is_contained(pid)]

    def is_contained(self, pid):
        try:
            return f"/{self.namespace}/" in pathlib.Path(f"/proc/{pid}/cgroup").read_text()
        except OSError:  # it has just ended
            return False

    def residents(self):
        """Of the shim's processes those that stay; the others are containerd's helpers, which end by themselves."""
        return [pid for pid, words in self.processes().items()
                if pathlib.Path(words.split(" ")[0]).name == SHIM and "serve" in words.split(" ")[1:]]

    def remove_pod(self, pod):
        """As kubelet does, again and again: while containerd hears of a container's end it takes it for running."""
        def gone():
            done = self.crictl("rmp", "-f", pod)
            return done.returncode == 0 or "NotFound" in done.stderr  # an earlier try, of which no answer came
        if not eventually(gone):
            raise AssertionError(self.crictl("rmp", "-f", pod).stderr)

    def mounts(self):
        lines = pathlib.Path("/proc/self/mounts").read_text().splitlines()
        return [line for line in lines if str(self.dir) in line]

    def control_groups(self):
        """Of containers, on either version; what they lie in stays until the end."""
        return sorted(path for root in ("", "*/")
                      for path in pathlib.Path("/sys/fs/cgroup").glob(f"{root}{self.namespace}/*")
                      if path.is_dir())

    def group_files(self, container, *names):
        """Of that name in a container's control groups."""
        return [group / name for group in self.control_groups() if group.name == container
                for name in names if (group / name).exists()]

    def zygote_groups(self):
        """Above those of our shim's zygotes, on either version; its name comes from the shim's socket."""
        def short(text):
            return hashlib.sha256(text.encode()).hexdigest()[:24]
        socket = f"{self.dir}/s/" + short(f"{self.dir}/c.sock.ttrpc\n{SHIM}")
        return sorted(path for root in ("", "*/")
                      for path in pathlib.Path("/sys/fs/cgroup").glob(f"{root}strata-zygotes-{short(socket)}"))

    def zygote_files(self, *names):
        """Of that name in those groups."""
        return [path for place in self.zygote_groups() for name in names for path in place.glob(f"[0-9]*/{name}")]

    def remove_control_groups(self):
        for root in ("", "*/"):
            for group in pathlib.Path("/sys/fs/cgroup").glob(f"{root}{self.namespace}"):
                for folder, _, _ in os.walk(group, topdown=False):
                    with contextlib.suppress(OSError):  # what is busy was listed as left
                        os.rmdir(folder)

    def log(self):
        return (self.dir / "log").read_text(errors="replace")

    # --- its clients

    def ctr(self, *words, namespace=None, **options):
        command = [self.tools / "ctr", "-a", self.dir / "c.sock", "-n", namespace or self.namespace, *words]
        return run(command, **options)

    def crictl(self, *words, **options):
        socket = f"unix://{self.dir}/c.sock"
        command = [self.tools / "crictl", "-c", "/dev/null", "-t", f"{PATIENCE}s", "-r", socket, "-i", socket, *words]
        return run(command, **options)

    @staticmethod
    def must(done):
        """The output of a command that has to succeed."""
        if done.returncode != 0:
            raise AssertionError(f"{done.args}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout.strip()

    def memory_of(self, container):
        """What containerd says of a container's memory: name -> number."""
        stats = json.loads(self.must(self.crictl("stats", "-o", "json", container)))
        return {name: int(said["value"]) for name, said in stats["stats"][0]["memory"].items()
                if isinstance(said, dict) and "value" in said}

    def tasks(self):
        """Of ctr's namespace: id -> (pid, status)."""
        lines = self.must(self.ctr("tasks", "ls")).splitlines()[1:]
        return {words[0]: (int(words[1]), words[2]) for words in map(str.split, lines)}

    def bundle(self, task):
        """Of a task of ctr's namespace."""
        return self.dir / "state" / "io.containerd.runtime.v2.task" / self.namespace / task

    # --- pods

    def run_pod(self, name, handler, host_network=False, pid=OF_CONTAINER, namespace="default"):
        """Asks for a pod's sandbox, of a namespace of Kubernetes'; what crictl said, and the configuration."""
        namespaces = {"network": OF_NODE if host_network else OF_POD, "pid": pid}
        config = {"metadata": {"name": name, "namespace": namespace, "uid": name, "attempt": 0},
                  "hostname": "" if host_network else name, "log_directory": str(self.dir / "pods"),
                  "linux": {"cgroup_parent": f"/{self.namespace}",
                            "security_context": {"namespace_options": namespaces}}}
        path = self.dir / f"{name}.json"
        path.write_text(json.dumps(config))
        return self.crictl("runp", "-r", handler, str(path)), path

    def pod(self, name, handler, **more):
        """Runs a pod's sandbox and returns its id and configuration."""
        done, path = self.run_pod(name, handler, **more)
        return self.must(done), path

    def container(self, pod, config, name, *command, **more):
        """Makes and starts a container in the pod; its id."""
        path = self.dir / f"{config.stem}-{name}.json"
        path.write_text(json.dumps({
            "metadata": {"name": name, "attempt": 0}, "image": {"image": IMAGE},
            "command": list(command), "log_path": f"{config.stem}-{name}.log",
            "linux": {"security_context": {"namespace_options": {"pid": OF_CONTAINER}}}, **more}))
        made = self.must(self.crictl("create", pod, str(path), str(config)))
        self.must(self.crictl("start", made))
        return made


class NodeTest(unittest.TestCase):
    """Tests that share one containerd; a class that leaves something behind fails."""

    handlers = ()
    files = None
    installed = False  # containerd finds the shim only where a test puts it

    @classmethod
    def setUpClass(cls):
        cls.node = Node(cls.handlers, cls.files)
        if cls.installed:
            cls.node.on_path = cls.node.dir / "links"
        try:
            cls.node.up().import_images()
        except BaseException:
            cls.node.end()
            raise

    @classmethod
    def tearDownClass(cls):
        left = cls.node.end()
        if left:
            raise AssertionError("left behind:\n" + "\n".join(left))


def run(command, stdin=""):
    return subprocess.run(list(map(str, command)), input=stdin, capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
