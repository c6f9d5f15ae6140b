"""kill -9 of the shim or of containerd at random moments, while pods of two classes run and others come and go: nothing
runs that is not reported, and nothing is reported that does not run. STRATA_LONG=1: 100 kills, 50 pods. STRATA_SEED=N: as
a run was that failed, as far as kills go."""

import collections
import concurrent.futures
import contextlib
import json
import os
import random
import signal
import threading
import unittest

from kube.ctr_test import RUNTIME
from kube.http_test import HELLO, ask, component
from kube.support import PATIENCE, NodeTest, eventually, kill

KILLS, PODS = (100, 50) if os.environ.get("STRATA_LONG") else (8, 4)
LONGEST = 0.6  # seconds until a kill: longer than a pod takes to come
AT_ONCE = 4
SETTLED = PATIENCE + PODS  # seconds: containerd removes the pods of a dead shim one by one


class KillTest(NodeTest):
    handlers = (("strata", RUNTIME, "shim"),)

    @classmethod
    def setUpClass(cls):
        cls.files = {"hello.wasm": component("hello-c")}
        super().setUpClass()
        cls.seed = int(os.environ.get("STRATA_SEED") or random.randrange(1 << 32))
        cls.random = random.Random(cls.seed)
        cls.made = 0
        cls.addresses = {}  # of components, by their pods

    def start(self, number):
        """Half of them are containers, whose process says which one it is, and half components."""
        pod, config = self.node.pod(f"steady-{number}", "strata")
        command = ("sleep", str(number)) if number % 2 == 0 else ("/hello.wasm",)
        self.node.container(pod, config, f"of-{number}", *command)
        if number % 2:
            said = json.loads(self.node.must(self.node.crictl("inspectp", pod)))
            self.addresses[pod] = said["status"]["network"]["ip"]

    def next_number(self):
        type(self).made += 1
        return 1_000_000 + self.made

    def steady(self):
        """PODS pods that run."""
        numbers = [self.next_number() for _ in range(PODS - len(self.listed("pods")))]
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self.start, numbers))

    def listed(self, what, *words):
        (listed,) = json.loads(self.node.must(self.node.crictl(what, *words, "-o", "json"))).values()
        return listed

    def disturb(self, over):
        """Has pods come and go until something is killed, whatever happens to them then."""
        while not over.is_set():
            number = self.next_number()
            done, path = self.node.run_pod(f"brief-{number}", "strata")
            if done.returncode == 0:
                try:
                    self.node.container(done.stdout.strip(), path, f"of-{number}", "sleep", str(number))
                except AssertionError:
                    return
                self.node.crictl("rmp", "-f", done.stdout.strip())

    def running(self):
        """The containers that are said to run: number of each container's process, addresses of components."""
        running = [each for each in self.listed("ps", "-a") if each["state"] == "CONTAINER_RUNNING"]
        components = [each["podSandboxId"] for each in running if each["podSandboxId"] in self.addresses]
        numbers = {int(each["metadata"]["name"].removeprefix("of-")) for each in running
                   if each["podSandboxId"] not in self.addresses}
        return numbers, {self.addresses[pod] for pod in components}

    def sleepers(self):
        return {int(words.split()[1]) for words in self.node.processes().values() if words.startswith("sleep ")}

    def is_true(self, lost_numbers, lost_addresses):
        """Whether what is said is what is, and what was lost is none of it."""
        numbers, addresses = self.running()
        return (numbers == self.sleepers() and len(addresses) == len(self.node.cells())
                and not numbers & lost_numbers and not addresses & lost_addresses)

    def clear(self):
        """Removes the pods that are not whole any more, as kubelet would."""
        whole = {each["podSandboxId"] for each in self.listed("ps")}
        self.remove(pod["id"] for pod in self.listed("pods")
                    if pod["id"] not in whole or pod["state"] != "SANDBOX_READY"
                    or pod["metadata"]["name"].startswith("brief-"))

    def remove(self, pods):
        pods = list(pods)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self.node.remove_pod, pods))
        for pod in pods:  # its address may be another's now
            self.addresses.pop(pod, None)

    def strike(self):
        """One kill, of containerd or of the shim; which."""
        over = threading.Event()
        disturbance = threading.Thread(target=self.disturb, args=(over,))
        disturbance.start()
        try:
            over.wait(self.random.uniform(0, LONGEST))
            if self.random.random() < 0.5:
                self.node.stop(signal.SIGKILL)
                return "containerd"
            for pid in self.node.residents():
                with contextlib.suppress(ProcessLookupError):  # a child was seen before it was another program
                    kill(pid)
            return "shim"
        finally:
            over.set()
            disturbance.join()
            if self.node.daemon is None:
                self.node.up()

    def test_what_runs_is_what_is_reported_after_any_kill(self):
        struck_at = collections.Counter()
        for number in range(KILLS):
            self.steady()
            steady, components = self.running()
            with self.subTest(kill=number, seed=self.seed):
                struck = self.strike()
                struck_at[struck] += 1
                # containerd hears of a shim's death in its own time: until then nothing has changed, which is true, too.
                lost = (steady, components) if struck == "shim" else (set(), set())
                self.assertTrue(eventually(lambda lost=lost: self.is_true(*lost), SETTLED),
                                (struck, self.running(), self.node.processes()))
                numbers, addresses = self.running()
                if struck == "containerd":  # nobody has lost anything
                    self.assertLessEqual(steady, numbers)
                    self.assertLessEqual(components, addresses)
                for address in addresses:
                    self.assertEqual(ask(address, 8080), HELLO)
            self.clear()
        print(f"seed {self.seed}, {PODS} pods:", ", ".join(f"{n} kills of {what}" for what, n in struck_at.items()))
        self.remove(pod["id"] for pod in self.listed("pods"))
        self.assertEqual((self.sleepers(), self.node.cells()), (set(), []))
        self.assertTrue(eventually(lambda: not self.node.control_groups()), self.node.control_groups())


if __name__ == "__main__":
    unittest.main()
