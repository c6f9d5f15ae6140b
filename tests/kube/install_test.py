"""What puts Strata onto a node of Kubernetes (deploy/kubernetes): its image runs on a real containerd as the
DaemonSet has it run, against an API server that only takes labels."""

import http.server
import itertools
import json
import os
import pathlib
import re
import ssl
import subprocess
import threading
import unittest

from kube import guests, microvm_test
from kube.appkernel_test import RUNSC
from kube.cluster_test import DEPLOY
from kube.support import SHIM, STRATA, NodeTest, eventually, run

SECRETS = "/var/run/secrets/kubernetes.io/serviceaccount"
DONE = re.compile("^install-node: (installed|taken back)", re.M)
# The pod's readiness probe.
PROBE = re.search(r"readinessProbe:\n +exec: \{command: \[(.*)\]\}", (DEPLOY / "plain" / "node.yaml").read_text())[1].split(", ")
PROGRAMS = "/opt/strata/bin"  # in the image
CLASSES = ("container", "appkernel", "microvm", "wasm")
# Run by one test alone, so that it is compiled there.
LATER = guests.command("(call $say (i32.const 1) (i32.const 1024) (i32.const 6))", "fd_write", data="later\\n")


class ApiServer:
    """Takes one request after another over TLS, and keeps them."""

    def __init__(self, folder):
        self.requests = []
        self.secrets = folder / "secrets"
        self.secrets.mkdir()
        (self.secrets / "token").write_text("a-token")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-keyout", "key", "-out", "ca.crt", "-subj", "/CN=api", "-addext",
                        "subjectAltName=IP:127.0.0.1"], cwd=self.secrets, check=True, capture_output=True)
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_PATCH(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                api.requests.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.secrets / "ca.crt", self.secrets / "key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def end(self):
        self.server.shutdown()
        self.server.server_close()


class InstallTest(NodeTest):
    files = {**guests.FILES, "later.wasm": LATER}
    installed = True
    runs = itertools.count()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api = ApiServer(cls.node.dir)
        cls.node.import_strata()
        cls.folder = cls.node.dir / "strata"
        cls.link = cls.node.on_path / SHIM
        cls.config = cls.node.dir / "conf.d" / "strata.toml"
        cls.said = cls.install()

    @classmethod
    def tearDownClass(cls):
        cls.api.end()
        super().tearDownClass()

    @classmethod
    def run_image(cls, *arguments, files=None, **changed):
        """Runs the image until it has done all, or has ended; what it said. `files`: path in the image -> the host's that
        is there instead."""
        name = f"run-{next(cls.runs)}"
        log = cls.node.dir / f"{name}.log"
        main = cls.node.dir / "config.toml"
        with cls.node.restarted_on_request() as restart:
            environment = {"FOLDER": cls.folder, "LINKS": cls.node.on_path, "CONFIG": cls.config, "MAIN": main, "RESTART": restart,
                           "KUBELET": cls.node.dir / "kubelet.yaml", "NODE": "node1",
                           "DUMP": f"{cls.node.tools}/containerd -c {main} config dump",
                           "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": cls.api.port, **changed}
            options = [f"--env={key}={value}" for key, value in environment.items()]
            mounts = [f"--mount=type=bind,src={source},dst={target},options=rbind:rw"
                      for target, source in {"/host": "/", SECRETS: cls.api.secrets, **(files or {})}.items()]
            cls.node.must(cls.node.ctr("run", "-d", "--privileged", "--net-host", "--with-ns", "pid:/proc/1/ns/pid",
                                       f"--log-uri=file://{log}", *options, *mounts, STRATA, name,
                                       *(("/install-node", *arguments) if arguments else ())))
            # containerd does not answer while it is restarted.
            eventually(lambda: (log.exists() and DONE.search(log.read_text()))
                       or "STOPPED" in cls.node.ctr("tasks", "ls").stdout)
            cls.ready = cls.node.ctr("tasks", "exec", "--exec-id", "probe", name, *PROBE).returncode == 0
        cls.node.ctr("tasks", "kill", "-s", "SIGKILL", name)
        eventually(lambda: cls.node.tasks()[name][1] == "STOPPED")
        cls.node.ctr("tasks", "delete", name)
        cls.node.ctr("containers", "delete", name)
        return log.read_text() if log.exists() else ""

    @classmethod
    def install(cls, **changed):
        before = len(cls.api.requests)
        said = cls.run_image(**changed)
        if not (DONE.search(said) and cls.ready and len(cls.api.requests) > before):
            raise AssertionError(said or "it said nothing")
        return said

    def refused(self, *arguments, **changed):
        """What it says where it ends without having labelled the node."""
        before = len(self.api.requests)
        said = self.run_image(*arguments, **changed)
        self.assertNotRegex(said, DONE)
        self.assertFalse(self.ready)
        self.assertEqual(len(self.api.requests), before)
        return said

    def programs(self):
        """The folder of those that the next shim is of."""
        return self.link.resolve().parent

    def folders(self):
        """Of all that are installed."""
        return {path / "bin" for path in self.folder.glob("shim-*")}

    def script(self, *lines):
        """A program that a test installs in the place of one of the image's, until its end."""
        path = self.node.dir / f"script-{next(self.runs)}"
        path.write_text("\n".join(("#!/bin/sh", *lines, "")))
        path.chmod(0o755)
        self.addCleanup(path.unlink)
        return path

    def change_main(self, change):
        """containerd's own configuration, until the end of the test."""
        main = self.node.dir / "config.toml"
        whole = main.read_text()
        self.addCleanup(self.install)
        self.addCleanup(main.write_text, whole)
        main.write_text(change(whole))

    def logs_of(self, handler, command):
        """What a pod with this handler prints."""
        pod, config = self.node.pod(f"{handler}-{next(self.runs)}", handler)
        self.addCleanup(self.node.crictl, "rmp", "-f", pod)
        container = self.node.container(pod, config, "main", *command)
        ended = eventually(lambda: "CONTAINER_EXITED" in self.node.crictl("inspect", container).stdout)
        self.assertTrue(ended)
        said = self.node.crictl("logs", container).stdout
        self.node.remove_pod(pod)
        return said

    def pod(self, name):
        """One with which the shim stays, until the end of the test or of the pod."""
        pod, _ = self.node.pod(name, "strata-wasm")
        self.addCleanup(self.node.crictl, "rmp", "-f", pod)
        return pod

    def end_shim(self, pod):
        """By the end of the last pod."""
        self.node.remove_pod(pod)
        self.assertTrue(eventually(lambda: not self.node.residents()))

    def test_pods_of_each_handler_run(self):
        handlers = [("strata-container", ("echo", "hello")), ("strata-wasm", ("/hello.wasm",)), ("strata", ("/hello.wasm",))]
        if os.path.exists(RUNSC):
            handlers.append(("strata-appkernel", ("echo", "hello")))
        if microvm_test.HERE:
            handlers.append(("strata-microvm", ("echo", "hello")))
        for handler, command in handlers:
            with self.subTest(handler):
                self.assertEqual(self.logs_of(handler, command), "hello\n")

    def test_the_shim_that_runs_is_the_installed_one(self):
        self.assertEqual(self.logs_of("strata-wasm", ("/hello.wasm",)), "hello\n")
        self.assertEqual({os.readlink(f"/proc/{pid}/exe") for pid in self.node.pids_of(SHIM)}, {str(self.link.resolve())})
        self.assertEqual(self.programs().parent.parent, self.folder)

    def test_a_class_is_the_handlers_promise(self):
        pod, config = self.node.pod("promise", "strata-wasm")
        self.addCleanup(self.node.crictl, "rmp", "-f", pod)
        with self.assertRaisesRegex(AssertionError, "wasm"):
            self.node.container(pod, config, "main", "echo", "hello")

    def test_libraries_come_with_the_cell(self):
        shown = self.node.must(run(("ldd", self.programs() / "strata-cell")))
        self.assertIn(str(self.programs().parent / "lib"), shown.replace("/bin/..", ""))

    def test_the_image_has_what_its_own_pods_need(self):
        for program in ("strata-operator", "strata-activator"):
            with self.subTest(program):
                said = self.node.must(self.node.ctr("run", "--rm", "--read-only", "--user", "65532:65532", STRATA,
                                                    program, f"/usr/bin/{program}", "--version"))
                self.assertRegex(said, rf"^{program} \d")
                self.assertFalse((self.programs() / program).exists(), "a node does not need it")

    def test_the_node_is_labelled_by_what_it_has(self):
        path, headers, body = self.api.requests[0]
        self.assertEqual(path, "/api/v1/nodes/node1")
        self.assertEqual(headers["Authorization"], "Bearer a-token")
        self.assertEqual(headers["Content-Type"], "application/merge-patch+json")
        labels = body["metadata"]["labels"]
        self.assertEqual((labels["strata.dev/container"], labels["strata.dev/wasm"]), ("true", "true"), self.said)
        self.assertEqual(labels["strata.dev/appkernel"], "true" if os.path.exists(RUNSC) else None)
        self.assertEqual(labels["strata.dev/microvm"], "true" if microvm_test.HERE else None)
        for label, patterns in (("gpu", ("nvidia[0-9]*", "dri/renderD*")),
                                ("tee", ("sev-guest", "tdx_guest", "sgx_enclave"))):
            devices = [path for pattern in patterns for path in pathlib.Path("/dev").glob(pattern)]
            self.assertEqual(labels[f"strata.dev/{label}"], "true" if devices else None, label)

    def test_a_class_that_is_installed_and_does_not_work_is_no_label(self):
        if not os.path.exists(RUNSC):
            self.skipTest("there is no runsc")
        subprocess.run(["mount", "--bind", "/bin/false", RUNSC], check=True)  # the test's own mounts are the node's
        self.addCleanup(self.install)
        self.addCleanup(subprocess.run, ["umount", RUNSC], check=True)
        said = self.install()
        labels = self.api.requests[-1][2]["metadata"]["labels"]
        self.assertEqual((labels["strata.dev/appkernel"], labels["strata.dev/container"]), (None, "true"), said)
        self.assertRegex(said, r'"available":false,"detail":"[^"]*runsc[^"]*","name":"class-appkernel"')

    def test_a_class_that_failed_is_tried_three_times(self):
        tries = self.node.dir / "tries"
        self.addCleanup(self.install)
        self.addCleanup(tries.unlink)

        def found(**works):
            return json.dumps({"checks": [{"available": works.get(name, True), "detail": "", "name": f"class-{name}"}
                                          for name in CLASSES]}, separators=(",", ":"))
        shim = self.script('[ "$1" = -probe ] || exit 0', f"echo >>{tries}", f"if [ $(wc -l <{tries}) -lt 3 ]",
                           f"then echo '{found(wasm=False, microvm=False)}'", f"else echo '{found(container=False, microvm=False)}'",
                           "fi")
        said = self.install(files={f"{PROGRAMS}/{SHIM}": shim})
        labels = self.api.requests[-1][2]["metadata"]["labels"]
        self.assertEqual([labels[f"strata.dev/{name}"] for name in CLASSES], ["true", "true", None, "true"], said)
        self.assertEqual(len(tries.read_text()), 3)

    def test_what_says_nothing_of_the_classes_is_refused_before_it_is_linked(self):
        self.addCleanup(self.install)
        before = self.link.resolve()
        for lines in (("exit 1",), ("echo nothing",)):
            with self.subTest(lines):
                shim = self.script('[ "$1" = -v ] && exit', *lines)
                self.assertIn("the node stays as it was" if "echo" in lines[0] else "cannot be tried",
                              self.refused(files={f"{PROGRAMS}/{SHIM}": shim}))
                self.assertEqual(self.link.resolve(), before)

    def test_what_does_not_run_on_the_node_is_refused_before_it_is_linked(self):
        self.addCleanup(self.install)
        before = self.link.resolve()
        for program in (SHIM, "strata-cell"):
            with self.subTest(program):
                broken = self.script("echo version GLIBC_9 not found >&2", "exit 1")
                said = self.refused(files={f"{PROGRAMS}/{program}": broken})
                self.assertIn("GLIBC_9", said)
                self.assertRegex(said, f"{program} .*does not run on this node")
                self.assertEqual(self.link.resolve(), before)

    def test_a_shim_that_runs_keeps_its_programs_and_new_pods_have_them(self):
        self.addCleanup(self.install)
        before = self.programs()
        pod = self.pod("stays")
        other = {f"{PROGRAMS}/strata-cell": self.script("echo not that one")}
        self.install(files=other)
        self.assertEqual(self.folders(), {before, self.programs()})
        self.assertEqual((self.programs() / "strata-cell").read_text(), "#!/bin/sh\necho not that one\n")
        self.assertEqual(self.logs_of("strata-wasm", ("/later.wasm",)), "later\n")
        self.end_shim(pod)
        self.install(files=other)
        self.assertEqual(self.folders(), {self.programs()})
        self.assertNotEqual(self.programs(), before)

    def test_trying_the_classes_leaves_nothing(self):
        self.assertEqual(list(pathlib.Path("/tmp").glob("strata-probe.*")), [])
        self.assertEqual([str(path) for path in pathlib.Path("/sys/fs/cgroup").glob("**/strata-probe-*")], [])

    def test_a_second_run_changes_and_restarts_nothing(self):
        self.assertIn("restarting containerd", self.said)
        files = {path: path.stat().st_mtime_ns for path in [self.config, *self.folder.rglob("*")] if path.is_file()}
        self.assertNotIn("restarting containerd", self.install())
        self.assertEqual(files, {path: path.stat().st_mtime_ns for path in files})

    def test_a_restart_that_was_due_is_made_up_for(self):
        (self.folder / "restart-is-due").touch()
        self.assertIn("restarting containerd", self.install())
        self.assertFalse((self.folder / "restart-is-due").exists())

    def test_what_has_changed_is_put_in_place_again(self):
        self.config.write_text("# another's\n")
        self.assertIn("restarting containerd", self.install())
        self.assertIn("runtimes.strata-wasm", self.config.read_text())

    def test_the_configuration_has_the_version_of_the_main_one(self):
        for version, handler, command in (3, "strata-container", ("echo", "hello")), (2, "strata-wasm", ("/hello.wasm",)):
            with self.subTest(version):
                self.change_main(lambda whole: re.sub("(?m)^version = .*", f"version = {version}", whole))
                self.install()
                self.assertIn(f"\nversion = {version}\n", self.config.read_text())
                self.assertEqual(self.logs_of(handler, command), "hello\n")

    def test_a_version_that_is_not_known_is_refused_before_anything_is_written(self):
        self.change_main(lambda whole: whole.replace("version = 4\n", ""))
        self.config.write_text("# another's\n")
        self.assertIn("config.toml has to say a version", self.refused())
        self.assertEqual(self.config.read_text(), "# another's\n")

    def test_systemds_groups_in_containerds_configuration_are_refused_before_anything_is_written(self):
        options = "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]\nSystemdCgroup = true\n"
        self.change_main(lambda whole: whole + options)
        self.config.write_text("# another's\n")
        self.assertIn("cgroupDriver: cgroupfs", self.refused())
        self.assertEqual(self.config.read_text(), "# another's\n")

    def test_systemds_groups_in_kubelets_configuration_are_refused_before_anything_is_written(self):
        self.addCleanup(self.install)
        kubelet = self.node.dir / "kubelet.yaml"
        kubelet.write_text("cgroupDriver: systemd\n")
        self.addCleanup(kubelet.unlink)
        self.config.write_text("# another's\n")
        self.assertIn("cgroupDriver: cgroupfs", self.refused())
        self.assertEqual(self.config.read_text(), "# another's\n")

    def test_what_containerd_would_not_take_is_taken_back(self):
        self.change_main(lambda whole: re.sub("(?m)^imports = .*", "", whole))
        self.config.write_text("# another's\n")
        said = self.refused()
        self.assertIn("config.toml has to import it", said)
        self.assertNotIn("restarting containerd", said)
        self.assertEqual(self.config.read_text(), "# another's\n")

    def test_what_containerd_does_not_start_with_is_taken_back(self):
        self.addCleanup(self.install)
        self.config.write_text("# another's\n")
        self.assertIn("does not start", self.refused(RESTART="false"))
        self.assertEqual(self.config.read_text(), "# another's\n")
        self.config.unlink()
        self.refused(RESTART="false")
        self.assertFalse(self.config.exists())

    def test_the_node_is_taken_back_once_no_shim_runs(self):
        self.addCleanup(self.install)
        others = self.folder / "of-others"
        others.touch()
        self.addCleanup(others.unlink)
        pod = self.pod("needs-it")
        self.assertIn("the shim runs", self.refused("--remove"))
        self.assertTrue(self.link.exists() and self.config.exists())
        self.end_shim(pod)

        said = self.run_image("--remove")
        self.assertIn("restarting containerd", said)
        self.assertRegex(said, DONE)
        labels = self.api.requests[0][2]["metadata"]["labels"]
        self.assertEqual(self.api.requests[-1][2]["metadata"]["labels"], dict.fromkeys(labels))
        self.assertEqual([path for path in (self.link, self.config) if path.is_symlink() or path.exists()], [])
        self.assertEqual(list(self.folder.iterdir()), [others])
        self.assertIn("no runtime for", self.node.run_pod("late", "strata-wasm")[0].stderr)

        self.config.write_text("# another's\n")
        self.assertNotIn("restarting containerd", self.run_image("--remove"))
        self.assertEqual(self.config.read_text(), "# another's\n")


if __name__ == "__main__":
    unittest.main()
