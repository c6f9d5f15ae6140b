"""Class container through containerd's own command line: one resident shim, whatever is asked of it,
and nothing left after anything that can happen to it."""

import json
import os
import pathlib
import pty
import resource
import select
import signal
import subprocess
import time
import unittest

from kube.support import BIN, MIB, SHIM, IMAGE, NodeTest, PATIENCE, eventually, kill

RUNTIME = "io.containerd.strata.v2"
CONTAINERDS_PATIENCE = 5  # with a shim's `delete`, in seconds


def has_ended(pid):
    """Also where its parent, which is stopped, has not seen it."""
    stat = pathlib.Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] == "Z"


class ShimTest(NodeTest):
    def run_task(self, name, *command, options=()):
        """Starts a task that stays."""
        self.node.must(self.node.ctr("run", "-d", "--runtime", RUNTIME, *options, IMAGE, name, *command))
        return self.node.tasks()[name][0]

    def remove(self, *names):
        for name in names:
            self.node.ctr("tasks", "delete", "--force", name)
            self.node.must(self.node.ctr("containers", "delete", name))

    def events_of(self, *words, count):
        """Does `words` and returns the topics of the next `count` events."""
        command = [self.node.tools / "ctr", "-a", self.node.dir / "c.sock", "-n", self.node.namespace,
                   "events"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
            # Its subscription is made once it shows an event of ours.
            def heard():
                self.node.ctr("content", "label", "sha256:" + "0" * 64, "a=b")
                self.node.ctr("images", "label", IMAGE, f"heard={os.urandom(4).hex()}")
                return select.select([watcher.stdout], [], [], 0.05)[0]
            eventually(heard)
            self.node.must(self.node.ctr(*words))
            topics = []
            while len(topics) < count:
                topic = watcher.stdout.readline().split()[5]
                if topic.startswith("/tasks/"):
                    topics.append(topic)
            watcher.kill()
        return topics


class TaskTest(ShimTest):
    def test_output_and_exit_status_arrive(self):
        done = self.node.ctr("run", "--rm", "--runtime", RUNTIME, IMAGE, "t1", "sh", "-c",
                             "echo out; echo err >&2; exit 7")
        self.assertEqual((done.returncode, done.stdout), (7, "out\n"), done.stderr)
        self.assertIn("err\n", done.stderr)

    def test_input_arrives_and_ends(self):
        done = self.node.ctr("run", "--rm", "--runtime", RUNTIME, IMAGE, "t2", "cat", stdin="some\ninput\n")
        self.assertEqual((done.returncode, done.stdout), (0, "some\ninput\n"), done.stderr)

    def test_much_output_arrives_whole(self):
        done = self.node.ctr("run", "--rm", "--runtime", RUNTIME, IMAGE, "t3", "sh", "-c",
                             "seq 1 200000")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, "".join(f"{i}\n" for i in range(1, 200001)))

    def test_a_program_that_is_not_there_is_an_error_and_leaves_nothing(self):
        done = self.node.ctr("run", "--rm", "--runtime", RUNTIME, IMAGE, "t4", "/no/such/program")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/no/such/program", done.stderr)
        self.assertNotIn("t4", self.node.tasks())
        self.node.ctr("containers", "delete", "t4")

    def test_events_come_in_order(self):
        topics = self.events_of("run", "--rm", "--runtime", RUNTIME, IMAGE, "t5", "true", count=4)
        self.assertEqual(topics, ["/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete"])

    def test_a_kill_at_the_memory_limit_is_told_before_the_end(self):
        topics = self.events_of("run", "--rm", "--runtime", RUNTIME, "--memory-limit", str(16 * MIB), IMAGE, "oom",
                                "sh", "-c", "tail /dev/zero; true", count=4)
        self.assertEqual(topics, ["/tasks/create", "/tasks/start", "/tasks/oom", "/tasks/exit"])

    def test_tasks_are_served_by_one_process_that_outlives_each(self):
        self.run_task("a", "sleep", "1000")
        self.run_task("b", "sleep", "1000")
        (shim,) = self.node.pids_of(SHIM)
        self.remove("a")
        self.assertEqual(self.node.tasks()["b"][1], "RUNNING")
        self.assertEqual(self.node.pids_of(SHIM), [shim])
        soft, hard = resource.prlimit(shim, resource.RLIMIT_NOFILE)
        self.assertEqual(soft, hard, "it may open as many files as many pods need")
        self.remove("b")

    def test_signals_arrive_and_the_status_says_which(self):
        self.run_task("k", "sleep", "1000")
        self.node.must(self.node.ctr("tasks", "kill", "-s", "SIGKILL", "k"))
        self.assertTrue(eventually(lambda: self.node.tasks()["k"][1] == "STOPPED"))
        done = self.node.ctr("tasks", "delete", "k")
        self.assertIn(f"exit code {128 + signal.SIGKILL}", done.stderr)
        self.node.must(self.node.ctr("containers", "delete", "k"))

    def test_a_running_task_is_not_deleted(self):
        self.run_task("r", "sleep", "1000")
        self.assertNotEqual(self.node.ctr("tasks", "delete", "r").returncode, 0)
        self.assertEqual(self.node.tasks()["r"][1], "RUNNING")
        self.remove("r")

    def test_exec_runs_beside_it(self):
        self.run_task("e", "sleep", "1000")
        done = self.node.ctr("tasks", "exec", "--exec-id", "x1", "e", "sh", "-c", "cat; exit 4", stdin="in")
        self.assertEqual((done.returncode, done.stdout), (4, "in"), done.stderr)
        done = self.node.ctr("tasks", "exec", "--exec-id", "x2", "e", "/no/such/program")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(self.node.tasks()["e"][1], "RUNNING")
        self.remove("e")

    def test_a_terminal_has_the_size_that_it_was_given(self):
        outer, inner = pty.openpty()
        command = [self.node.tools / "ctr", "-a", self.node.dir / "c.sock", "-n", self.node.namespace,
                   "run", "--rm", "-t", "--runtime", RUNTIME, IMAGE, "tty", "sh", "-c", "read x; tty; stty size"]
        with subprocess.Popen(command, stdin=inner, stdout=inner, stderr=inner,
                              start_new_session=True) as client:
            os.close(inner)
            self.assertTrue(eventually(lambda: self.node.tasks().get("tty", (0, ""))[1] == "RUNNING"))
            os.write(outer, b"go\n")
            shown = b""
            while True:
                try:
                    piece = os.read(outer, 4096)
                except OSError:  # nobody has the inner side any more
                    break
                if not piece:
                    break
                shown += piece
            self.assertEqual(client.wait(PATIENCE), 0, shown)
        os.close(outer)
        self.assertIn(b"/dev/pts/0", shown)

    def test_pause_stops_it_and_resume_lets_it_go_on(self):
        self.run_task("p", "sleep", "1000")
        self.node.must(self.node.ctr("tasks", "pause", "p"))
        self.assertEqual(self.node.tasks()["p"][1], "PAUSED")
        self.node.must(self.node.ctr("tasks", "resume", "p"))
        self.assertEqual(self.node.tasks()["p"][1], "RUNNING")
        self.remove("p")

    def test_usage_is_told(self):
        self.run_task("m", "sleep", "1000")
        usage = json.loads(self.node.must(self.node.ctr("tasks", "metrics", "--format", "json", "m")))
        self.assertEqual(usage["pids"]["current"], 1)
        self.remove("m")

    def test_processes_are_listed(self):
        pid = self.run_task("ps", "sleep", "1000")
        listed = self.node.must(self.node.ctr("tasks", "ps", "ps")).splitlines()[1:]
        self.assertEqual([line.split()[0] for line in listed], [str(pid)])
        self.remove("ps")


class DeathTest(ShimTest):
    def test_tasks_survive_containerd(self):
        pid = self.run_task("s", "sleep", "1000")
        (shim,) = self.node.pids_of(SHIM)
        for how in (signal.SIGKILL, signal.SIGTERM):
            self.node.stop(how)
            self.node.up()
            self.assertEqual(self.node.tasks()["s"], (pid, "RUNNING"))
            self.assertEqual(self.node.pids_of(SHIM), [shim])
        done = self.node.ctr("tasks", "exec", "--exec-id", "x", "s", "echo", "alive")
        self.assertEqual(done.stdout, "alive\n", done.stderr)
        self.remove("s")

    def test_containerd_survives_the_shim_and_nothing_of_it_is_left(self):
        names = ["d1", "d2", "d3"]
        pids = [self.run_task(name, "sleep", "1000") for name in names]
        (shim,) = self.node.pids_of(SHIM)
        kill(shim)
        self.assertTrue(eventually(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in pids)))
        self.assertTrue(eventually(lambda: not self.node.tasks()))
        self.assertTrue(eventually(lambda: not self.node.control_groups()))
        self.remove(*names)
        done = self.node.ctr("run", "--rm", "--runtime", RUNTIME, IMAGE, "after", "echo", "again")
        self.assertEqual(done.stdout, "again\n", done.stderr)

    def delete(self, name):
        """What containerd runs when a shim does not answer; how it ended, and after how many seconds."""
        words = ("-namespace", self.node.namespace, "-id", name, "-bundle", self.node.bundle(name), "delete")
        began = time.monotonic()
        done = subprocess.run((BIN / SHIM, *words), capture_output=True, timeout=PATIENCE, check=False)
        return done, time.monotonic() - began

    def test_delete_ends_in_time_beside_a_shim_and_a_runtime_that_do_not_answer(self):
        pid = self.run_task("held", "sleep", "1000")
        self.addCleanup(self.remove, "held")
        (shim,) = self.node.residents()
        self.addCleanup(os.kill, shim, signal.SIGCONT)
        os.kill(shim, signal.SIGSTOP)
        state = self.node.bundle("held") / "state" / "held" / "state.json"
        state.rename(aside := state.with_suffix(".aside"))
        os.mkfifo(state)  # runc waits for somebody who writes
        done, took = self.delete("held")
        aside.rename(state)
        self.assertNotEqual(done.returncode, 0)
        self.assertLess(took, CONTAINERDS_PATIENCE)
        done, _ = self.delete("held")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(eventually(lambda: has_ended(pid)))


if __name__ == "__main__":
    unittest.main()
