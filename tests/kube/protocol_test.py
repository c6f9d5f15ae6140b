"""Both versions of containerd's task service: as an older containerd starts a shim and speaks to it, and what is
the same in each."""

import json
import unittest

from kube import wire
from kube.ctr_test import ShimTest
from kube.support import BIN, IMAGE, SHIM, eventually

# To an older containerd a shim's program is the same, but it says nothing of itself on standard input.
OLD = """#!/bin/sh
case "$*" in *start) exec {program} "$@" </dev/null ;; esac
exec {program} "$@"
"""


class VersionsTest(ShimTest):
    def socket(self):
        (found,) = (self.node.dir / "s").iterdir()
        return found

    def call(self, method, task, service):
        return wire.call(self.socket(), method, wire.text(1, task), service=service, namespace=self.node.namespace)

    def test_a_shim_that_is_started_by_version_2_is_spoken_to_in_version_2(self):
        program = self.node.dir / "containerd-shim-old"
        program.write_text(OLD.format(program=BIN / SHIM))
        program.chmod(0o755)
        self.node.must(self.node.ctr("run", "-d", "--runtime", program, IMAGE, "old", "sh", "-c",
                                     "trap 'exit 3' TERM; while :; do sleep 0.1; done"))
        bootstrap = json.loads((self.node.bundle("old") / "bootstrap.json").read_text())
        self.assertEqual(bootstrap["version"], 2)
        done = self.node.ctr("tasks", "exec", "--exec-id", "x", "old", "sh", "-c", "cat; exit 4", stdin="in")
        self.assertEqual((done.returncode, done.stdout), (4, "in"), done.stderr)
        self.node.must(self.node.ctr("tasks", "pause", "old"))
        self.assertEqual(self.node.tasks()["old"][1], "PAUSED")
        self.node.must(self.node.ctr("tasks", "resume", "old"))
        usage = json.loads(self.node.must(self.node.ctr("tasks", "metrics", "--format", "json", "old")))
        self.assertGreaterEqual(usage["pids"]["current"], 1)
        self.node.must(self.node.ctr("tasks", "kill", "-s", "SIGTERM", "old"))
        self.assertTrue(eventually(lambda: self.node.tasks()["old"][1] == "STOPPED"))
        self.assertIn("exit code 3", self.node.ctr("tasks", "delete", "old").stderr)
        self.node.must(self.node.ctr("containers", "delete", "old"))

    def test_both_versions_tell_of_the_same_tasks(self):
        pid = self.run_task("told", "sleep", "1000")
        self.addCleanup(self.remove, "told")
        states = [self.call("State", "told", service) for service in (wire.TASKS_V2, wire.TASKS)]
        self.assertEqual(states[0], states[1])
        code, words, state = states[0]
        self.assertEqual((code, words), (wire.OK, ""))
        self.assertEqual(wire.fields(state)[3], pid)

    def test_a_checkpoint_is_refused_by_name_and_the_task_goes_on(self):
        self.run_task("kept", "sleep", "1000")
        self.addCleanup(self.remove, "kept")
        for service in (wire.TASKS_V2, wire.TASKS):
            code, words, _ = self.call("Checkpoint", "kept", service)
            self.assertEqual((code, words), (wire.UNSUPPORTED, "checkpoint: this runtime makes none"))
        done = self.node.ctr("tasks", "checkpoint", "kept")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("this runtime makes none", done.stderr)
        self.assertTrue(eventually(lambda: self.node.tasks()["kept"][1] == "RUNNING"))


if __name__ == "__main__":
    unittest.main()
