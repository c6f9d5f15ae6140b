"""Pods in class container, made as a kubelet makes them: with containerd's own pause container and
without any, the pod's network, and one resident shim for all of them."""

import json
import os
import pathlib
import signal
import unittest

from kube.ctr_test import RUNTIME, SHIM
from kube.support import MIB, OF_CONTAINER, OF_POD, PAUSE_COMMAND, NodeTest, eventually, kill

# Answers each connection with the page, and reads nothing: a read that waits for a socket fails in class appkernel
# (decision 0024).
SERVER = ("nc", "-ll", "-p", "8080", "-e", "cat", "/www/index.html")
PAGE = "hello from busybox"

class PodsTest(NodeTest):
    handler = "strata-container"

    def start(self, name, *command, **more):
        """A pod, until the end of the test, and its main container."""
        pod, config = self.node.pod(name, self.handler, **more)
        self.addCleanup(self.node.crictl, "rmp", "-f", pod)
        return pod, config, self.node.container(pod, config, "main", *(command or ("sleep", "1000")))

    def start_limited(self, name, memory, script):
        """The main container of such a pod, which may have so much memory."""
        pod, config = self.node.pod(name, self.handler)
        self.addCleanup(self.node.crictl, "rmp", "-f", pod)
        return self.node.container(pod, config, "main", "sh", "-c", script, linux={
            "resources": {"memory_limit_in_bytes": memory},
            "security_context": {"namespace_options": {"pid": OF_CONTAINER}}})

    def exec(self, container, *command):
        done = self.node.crictl("exec", "-s", container, *command)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def page(self, container, address):
        """What SERVER says to a program in the container, once it listens: to be started is not yet that."""
        ask, done = f"nc {address} 8080 </dev/null", []

        def answered():
            done.append(self.node.crictl("exec", "-s", container, "sh", "-c", ask))
            return done[-1].returncode == 0

        self.assertTrue(eventually(answered), done and done[-1].stderr)
        return done[-1].stdout.strip()  # crictl adds empty lines

    def address(self, pod):
        return json.loads(self.node.must(self.node.crictl("inspectp", pod)))["status"]["network"]["ip"]

    def state(self, container):
        return json.loads(self.node.must(self.node.crictl("inspect", container)))["status"]

    def pod_state(self, pod):
        return json.loads(self.node.must(self.node.crictl("inspectp", pod)))["status"]["state"]


class PodTest(PodsTest):
    handlers = (("strata-container", RUNTIME, "podsandbox"),)
    holders = 1  # processes of a pod that are none of its containers'

    def test_only_a_pause_container_holds_a_pod(self):
        pod, config, _ = self.start("held")
        self.node.container(pod, config, "sidecar", "sleep", "1000")
        pause = " ".join(PAUSE_COMMAND)
        found = [words for words in self.node.processes().values() if words == pause]
        self.assertEqual(len(found), self.holders)

    def test_containers_of_a_pod_share_its_name_and_memory(self):
        pod, config, container = self.start("names")
        sidecar = self.node.container(pod, config, "sidecar", "sleep", "1000")
        self.exec(container, "sh", "-c", "echo shared > /dev/shm/file")
        for command, shown in ((("cat", "/dev/shm/file"), "shared"),
                               (("hostname",), "names"),
                               (("cat", "/etc/hostname"), "names"),
                               (("cat", "/etc/hosts"), pathlib.Path("/etc/hosts").read_text().strip()),
                               (("cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start"), "0")):
            self.assertEqual(self.exec(sidecar, *command).strip(), shown)

    def test_a_pod_may_have_the_nodes_network(self):
        _, _, container = self.start("host", host_network=True)
        network = self.exec(container, "readlink", "/proc/self/ns/net")
        self.assertEqual(network.strip(), os.readlink("/proc/self/ns/net"))

    def test_containers_of_a_pod_share_its_address(self):
        pod, config, server = self.start("web", *SERVER)
        sidecar = self.node.container(pod, config, "sidecar", "sleep", "1000")
        self.assertIn(self.address(pod), self.exec(server, "ip", "-4", "addr", "show", "eth0"))
        self.assertEqual(self.page(sidecar, "127.0.0.1"), PAGE)

    def test_containers_of_a_pod_may_share_process_ids(self):
        shared = {"linux": {"security_context": {"namespace_options": {"pid": OF_POD}}}}
        pod, config = self.node.pod("pids", self.handler, pid=OF_POD)
        self.addCleanup(self.node.crictl, "rmp", "-f", pod)
        first = self.node.container(pod, config, "first", "sh", "-c", "sleep 1234 & exec sleep 1000", **shared)
        second = self.node.container(pod, config, "second", "sleep", "2000", **shared)
        apart = self.node.container(pod, config, "apart", "sleep", "3000")
        self.assertIn("sleep 1234", self.exec(second, "ps"))
        self.assertIn("sleep 2000", self.exec(first, "ps"))
        self.assertNotIn("sleep 2000", self.exec(apart, "ps"))
        self.node.must(self.node.crictl("stop", "-t", "0", first))
        self.assertTrue(eventually(lambda: "sleep 1234" not in self.exec(second, "ps")))
        self.exec(second, "sh", "-c", "sleep 4000 >/dev/null 2>&1 & exit")  # an orphan, which ends with the pod
        self.node.must(self.node.crictl("stopp", pod))
        self.assertEqual([words for words in self.node.processes().values() if words.startswith("sleep 4000")], [])

    def test_logs_and_the_exit_status_arrive(self):
        _, _, container = self.start("log", "sh", "-c", "echo out; echo err >&2; exit 3")
        self.assertTrue(eventually(lambda: self.state(container)["state"] == "CONTAINER_EXITED"))
        self.assertEqual(self.state(container)["exitCode"], 3)
        done = self.node.crictl("logs", container)
        self.assertEqual((done.stdout, done.stderr), ("out\n", "err\n"))

    def test_a_failing_exec_says_its_status(self):
        _, _, container = self.start("exec")
        done = self.node.crictl("exec", "-s", container, "sh", "-c", "exit 4")
        self.assertIn("exited with 4", done.stderr)

    def test_a_stopped_container_was_asked_first(self):
        _, _, container = self.start("stop", "sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done")
        self.assertTrue(eventually(lambda: self.node.crictl("logs", container).stdout == "ready\n"))
        self.node.must(self.node.crictl("stop", "-t", "30", container))
        self.assertEqual(self.state(container)["exitCode"], 9)

    def test_usage_is_told(self):
        _, _, container = self.start("usage")
        memory = self.node.memory_of(container)
        for name in ("workingSetBytes", "rssBytes", "pageFaults"):
            self.assertGreater(memory[name], 0, name)
        self.assertEqual(memory["availableBytes"], 0, "there is no limit")

    def test_page_cache_is_no_working_set_and_what_is_available_ends_at_the_limit(self):
        container = self.start_limited("cache", 64 * MIB, "head -c 16000000 /dev/zero >/file; exec sleep 1000")
        self.assertTrue(eventually(lambda: self.node.memory_of(container)["usageBytes"] > 16000000))
        memory = self.node.memory_of(container)
        self.assertLess(memory["workingSetBytes"], 16000000)
        self.assertEqual(memory["availableBytes"], 64 * MIB - memory["workingSetBytes"])

    def test_that_a_process_was_killed_for_memory_is_the_reason_of_the_end(self):
        container = self.start_limited("greedy", 16 * MIB, "tail /dev/zero; exit 3")
        # containerd says the reason before the end.
        self.assertTrue(eventually(lambda: self.state(container)["state"] == "CONTAINER_EXITED"))
        self.assertEqual((self.state(container)["reason"], self.state(container)["exitCode"]), ("OOMKilled", 3))

    def test_many_pods_have_one_shim_before_and_after_containerd_restarts(self):
        pods = [self.start(f"many-{i}") for i in range(4)]
        (shim,) = self.node.pids_of(SHIM)
        self.node.stop(signal.SIGKILL)
        self.node.up()
        for _, _, container in pods:
            self.assertEqual(self.state(container)["state"], "CONTAINER_RUNNING")
            self.exec(container, "true")
        self.assertEqual(self.node.pids_of(SHIM), [shim])
        for pod, _, _ in pods:
            self.node.must(self.node.crictl("rmp", "-f", pod))
        left = self.node.must(self.node.crictl("pods", "-q")).splitlines()
        self.assertFalse(set(left) & {pod for pod, _, _ in pods})

    def test_a_pods_usage_is_told(self):
        pod, _, _ = self.start("pod-usage")
        stats = json.loads(self.node.must(self.node.crictl("statsp", "-o", "json", pod)))
        memory = stats["stats"][0]["linux"]["memory"]["workingSetBytes"]["value"]
        self.assertGreater(int(memory), 0)

    def test_a_stopped_pod_is_not_ready_and_its_containers_have_ended(self):
        pod, _, container = self.start("stopped")
        self.assertEqual(self.pod_state(pod), "SANDBOX_READY")
        self.node.must(self.node.crictl("stopp", pod))
        self.assertEqual(self.pod_state(pod), "SANDBOX_NOTREADY")
        self.assertEqual(self.state(container)["state"], "CONTAINER_EXITED")
        self.node.must(self.node.crictl("stopp", pod))
        self.node.must(self.node.crictl("rmp", pod))

    def test_the_shims_death_ends_its_pods_and_the_next_pod_gets_another(self):
        pod, _, container = self.start("death")
        kill(self.node.pids_of(SHIM)[0])
        self.assertTrue(eventually(lambda: self.state(container)["state"] == "CONTAINER_EXITED"))
        # 255: containerd had lost the shim before it heard of the end.
        self.assertIn(self.state(container)["exitCode"], (128 + signal.SIGKILL, 255))
        self.assertTrue(eventually(lambda: self.pod_state(pod) == "SANDBOX_NOTREADY"))
        self.node.must(self.node.crictl("rmp", "-f", pod))
        self.assertEqual([line for line in self.node.mounts() if pod in line], [])
        _, _, container = self.start("again")
        self.exec(container, "true")


class SandboxTest(PodTest):
    """The same, with pods that the shim holds itself."""

    handlers = (("strata-container", RUNTIME, "shim"),)
    holders = 0

    def test_by_the_first_of_shared_process_ids_nothing_of_the_node_is_reached(self):
        """Also with the right to look into others."""
        shared = {"namespace_options": {"pid": OF_POD}, "capabilities": {"add_capabilities": ["SYS_PTRACE"]}}
        pod, config = self.node.pod("pids-hidden", self.handler, pid=OF_POD)
        self.addCleanup(self.node.crictl, "rmp", "-f", pod)
        strong = self.node.container(pod, config, "strong", "sleep", "1000", linux={"security_context": shared})
        plain = self.node.container(pod, config, "plain", "sleep", "1000", linux={
            "security_context": {"namespace_options": {"pid": OF_POD}}})
        for container in (strong, plain):
            self.assertIn("PID", self.exec(container, "ps"))
            seen = self.exec(container, "sh", "-c",
                             "{ ls -A /proc/1/root/; cat /proc/1/root/etc/passwd; touch /proc/1/root/x; echo looked; } 2>/dev/null")
            self.assertEqual(seen.strip(), "looked")
        theirs = self.exec(strong, "readlink", "/proc/1/ns/net").strip()
        self.assertNotEqual(theirs, os.readlink("/proc/self/ns/net"))

    def test_the_shims_death_ends_what_shares_process_ids(self):
        pod, config = self.node.pod("pids-death", self.handler, pid=OF_POD)
        self.addCleanup(self.node.crictl, "rmp", "-f", pod)
        container = self.node.container(pod, config, "main", "sleep", "5000", linux={
            "security_context": {"namespace_options": {"pid": OF_POD}}})
        kill(self.node.pids_of(SHIM)[0])
        self.assertTrue(eventually(lambda: self.state(container)["state"] == "CONTAINER_EXITED"))
        self.assertTrue(eventually(lambda: self.pod_state(pod) == "SANDBOX_NOTREADY"))
        self.assertNotIn("sleep 5000", self.node.processes().values())

    def test_its_files_of_etc_have_a_bound(self):
        """They lie on the node's memory, and containers may write to them."""
        _, _, container = self.start("etc")
        self.exec(container, "sh", "-c", "echo more >> /etc/resolv.conf")
        filled = self.node.crictl("exec", "-s", container, "sh", "-c", "dd if=/dev/zero bs=65536 count=64 >> /etc/hostname")
        self.assertIn("No space left", filled.stderr)

    def test_nothing_of_a_pod_is_left_mounted(self):
        pod, _, _ = self.start("mounts")
        held = [line for line in self.node.mounts() if pod in line]
        self.assertEqual(len(held), 4, held)
        self.node.must(self.node.crictl("rmp", "-f", pod))
        self.assertEqual([line for line in self.node.mounts() if pod in line], [])


if __name__ == "__main__":
    unittest.main()
