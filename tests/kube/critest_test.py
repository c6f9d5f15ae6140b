"""Kubernetes' own suite for runtimes (critest) with our shim and with containerd's for runc, on the same containerd and
the same images: what runc passes, we pass. `make test-kube`."""

import pathlib
import re
import subprocess
import unittest
import xml.etree.ElementTree

from kube import image
from kube.ctr_test import RUNTIME
from kube.support import HERE, Node

E2E = "registry.k8s.io/e2e-test-images"
STAGING = "gcr.io/k8s-staging-cri-tools"

# Each by a shell script: what the suite's images would have beside busybox. The pause container, process 1, sleeps, too.
PROGRAMS = {
    "bin/nginx": b"#!/bin/sh\nmkdir -p /run /var/run\necho $$ >/var/run/nginx.pid\nhttpd -f -p $1 -h /www &\nwait\n",
    "bin/ipcs": b"#!/bin/sh\ncat /proc/sysvipc/shm\n",
    "bin/pgrep": b"#!/bin/sh\nps -o pid,comm | while read pid name; do [ $pid != 1 ] && [ \"$name\" = \"$1\" ] && echo $pid; done\n",
}
# Name, command and user of each image.
IMAGES = (
    (f"{E2E}/busybox:1.29-2", ("sh",), ""),
    (f"{E2E}/nginx:1.14-2", ("nginx", "80", "master process"), ""),
    (f"{E2E}/httpd:2.4.39-4", ("sh", "-c", "echo httpd; exec httpd -f -p 80 -h /www"), ""),
    (f"{STAGING}/hostnet-nginx-amd64:latest", ("nginx", "12003"), ""),
    (f"{STAGING}/test-image-predefined-group:latest", ("sh",), "1000"),
)

# Parts of the names of tests that cannot run here, whoever runs the containers.
NOT_HERE = {
    "Image Manager": "pulls from a registry",
    "Image Identifier Consistency": "pulls from a registry",
    "Image Consistency": "pulls from a registry",
    "AppArmor": "no AppArmor in this containerd's configuration",
    "with host port and container port": "needs CNI's plugin for host ports, which writes rules of iptables",
    "MaskedPaths": "masks a program; Debian's busybox runs its own instead",
    "NoNewPrivs": "needs a program that is set-user-id and says who it is",
}


def program():
    """critest; built when it is not there."""
    done = subprocess.run([HERE / "build-tools", "critest"], stdout=subprocess.PIPE, text=True, check=True)
    return pathlib.Path(done.stdout.strip()) / "critest"


def groups_of_all_pods():
    """One in each hierarchy, above those of the suite's containers: runc leaves it."""
    return set(pathlib.Path("/sys/fs/cgroup").glob("**/k8s.io"))


def groups():
    """The suite's containers' groups. Its pods have none above them."""
    return {path for above in groups_of_all_pods() for path in above.glob("*/")}


class CritestTest(unittest.TestCase):
    handlers = (("strata-container", RUNTIME, "shim"), ("strata-pause", RUNTIME, "podsandbox"))

    @classmethod
    def setUpClass(cls):
        cls.program = program()
        cls.there_before = groups_of_all_pods()
        cls.node = Node(cls.handlers)
        cls.addClassCleanup(cls.end)
        cls.node.up().import_images()
        for name, command, user in IMAGES:
            cls.node.import_image(image.write, name, command, PROGRAMS, user)
        cls.passes, failures = cls.run_with("runc")
        if failures:
            raise AssertionError(f"runc fails: {failures}")

    @classmethod
    def end(cls):
        left = cls.node.end()
        for group in groups_of_all_pods() - cls.there_before:
            group.rmdir()
        if left:
            raise AssertionError("left behind:\n" + "\n".join(left))

    @classmethod
    def run_with(cls, handler):
        """What passes with the handler; what fails, with why."""
        before, report = groups(), cls.node.dir / f"{handler}.xml"
        socket = f"unix://{cls.node.dir}/c.sock"
        skipped = "|".join(map(re.escape, NOT_HERE))
        subprocess.run([cls.program, f"--runtime-endpoint={socket}", f"--image-endpoint={socket}", "--config=/dev/null",
                        f"--runtime-handler={handler}", f"--ginkgo.skip={skipped}", f"--ginkgo.junit-report={report}",
                        "--ginkgo.no-color"], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, check=False)
        passes, failures = set(), {}
        for test in xml.etree.ElementTree.parse(report).iter("testcase"):
            if test.get("status") == "passed":
                passes.add(test.get("name"))
            elif test.get("status") != "skipped":
                failures[test.get("name")] = "".join(test.find("failure").itertext())[:2000]
        if not passes:
            raise AssertionError(f"{handler}: nothing ran")
        if groups() - before:
            raise AssertionError(f"{handler}: control groups stay: {groups() - before}")
        return passes, failures

    def test_what_runc_passes_passes_without_a_pause_container(self):
        self.same("strata-container")

    def test_what_runc_passes_passes_with_a_pause_container(self):
        self.same("strata-pause")

    def same(self, handler):
        passes, failures = self.run_with(handler)
        print(f"{handler}: {len(passes)} of runc's {len(self.passes)}")
        self.assertEqual(failures, {})
        self.assertEqual(self.passes - passes, set())


if __name__ == "__main__":
    unittest.main()
