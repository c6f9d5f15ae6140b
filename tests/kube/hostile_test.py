"""What containerd would never send, sent to the shim's own socket: it is refused with a code, nothing of
it stays, and the tasks of others go on."""

import json
import os
import pathlib
import struct
import unittest

from kube import wire
from kube.ctr_test import ShimTest
from kube.support import eventually
from kube.wire import EXHAUSTED, INVALID, NOT_FOUND, OK, PRECONDITION, UNSUPPORTED, number, text

NAMESPACE = "hostile"


class HostileTest(ShimTest):
    def setUp(self):
        self.run_task("witness", "sleep", "1000")
        self.addCleanup(self.remove, "witness")
        (self.socket,) = (self.node.dir / "s").iterdir()

    def connect(self):
        client = wire.connect(self.socket)
        self.addCleanup(client.close)
        return client

    def call(self, method, payload=b"", **more):
        """The code and the words of the answer."""
        return wire.call(self.socket, method, payload, **{"namespace": NAMESPACE, **more})[:2]

    @staticmethod
    def hangs_up(client):
        """Whether nothing comes but the end; what was not read there makes it a reset."""
        try:
            return client.recv(1) == b""
        except ConnectionResetError:
            return True

    def bundle(self, name, config):
        folder = self.node.dir / "bundles" / name
        (folder / "rootfs").mkdir(parents=True)
        (folder / "config.json").write_text(config)
        return folder

    def assert_nothing_happened(self):
        self.assertEqual(self.node.tasks()["witness"][1], "RUNNING")
        self.assertEqual([path.name for path in self.node.control_groups() if path.name != "witness"], [])

    def test_a_bad_header_ends_that_connection_alone(self):
        for header in (b"\xff" * 10, struct.pack(">IIBB", 5 << 20, 1, 1, 0), struct.pack(">IIBB", 0, 2, 9, 0)):
            client = self.connect()
            client.sendall(header + b"\0" * 64)
            self.assertTrue(self.hangs_up(client), header)
        self.assert_nothing_happened()

    def test_a_frame_that_is_no_request_is_answered(self):
        client = self.connect()
        client.sendall(struct.pack(">IIBB", 4, 1, 1, 0) + b"\xff\xff\xff\xff")
        self.assertEqual(wire.answer(client)[0], INVALID)
        self.assert_nothing_happened()

    def test_unknown_methods_services_and_messages_have_codes(self):
        self.assertEqual(self.call("Explode")[0], UNSUPPORTED)
        self.assertEqual(self.call("Create", service="example.Tasks")[0], UNSUPPORTED)
        self.assertEqual(self.call("Create", b"\xff\xff")[0], INVALID)
        self.assertEqual(self.call("State", text(1, "witness"), namespace="")[0], INVALID)
        self.assertEqual(self.call("State", text(1, "witness"))[0], NOT_FOUND)

    def test_a_wrong_bundle_is_refused(self):
        for bundle in ("", "relative", "/no/such/bundle", "/etc"):
            code, words = self.call("Create", text(1, "b") + text(2, bundle))
            self.assertEqual(code, INVALID, words)
        self.assert_nothing_happened()

    def test_hostile_configs_are_refused(self):
        configs = ("", "{", "[]", "null", "{}", '{"linux": 1, "process": []}', "[" * 1000 + "]" * 1000,
                   '{"a": 1, "a": 2}', "\0" * 100, '{"process": {"args": ["/x.wasm"]}, "linux": {}}')
        for index, config in enumerate(configs):
            bundle = self.bundle(f"h{index}", config)
            code, words = self.call("Create", text(1, f"h{index}") + text(2, str(bundle)))
            self.assertNotEqual(code, OK, config[:40])
            self.assertTrue(words)
            self.assertEqual(self.call("State", text(1, f"h{index}"))[0], NOT_FOUND)
        self.assert_nothing_happened()

    def copied(self, name, *command, resources=()):
        """A bundle like the witness's, with another program and more of linux.resources."""
        state = self.node.bundle("witness")
        config = json.loads((state / "config.json").read_text())
        config["process"]["args"] = list(command)
        config["linux"]["cgroupsPath"] = f"/{self.node.namespace}/{name}"
        config["linux"]["resources"].update(resources)
        return self.bundle(name, json.dumps(config)), state / "rootfs"

    def test_a_limit_that_the_class_does_not_keep_is_refused_by_its_name(self):
        bundle, root = self.copied("burst", "/x.wasm", resources={"cpu": {"quota": 1000, "burst": 1000}})
        mount = text(1, "bind") + text(2, str(root)) + text(4, "rbind")
        code, words = self.call("Create", text(1, "burst") + text(2, str(bundle)) + text(3, mount))
        self.assertEqual(code, UNSUPPORTED, words)
        self.assertIn("class wasm: linux.resources.cpu.burst is kept by class container alone", words)
        self.assert_nothing_happened()

    def test_a_missing_root_is_refused(self):
        bundle, _ = self.copied("rootless", "yes")
        mount = text(1, "bind") + text(2, "/no/such/root") + text(4, "rbind")
        code, _ = self.call("Create", text(1, "rootless") + text(2, str(bundle)) + text(3, mount))
        self.assertNotEqual(code, OK)
        self.assert_nothing_happened()

    def test_output_that_nobody_reads_holds_up_its_own_program_only(self):
        bundle, root = self.copied("mute", "yes")
        fifo = self.node.dir / "mute.fifo"
        os.mkfifo(fifo)
        mount = text(1, "bind") + text(2, str(root)) + text(4, "rbind")
        create = text(1, "mute") + text(2, str(bundle)) + text(3, mount) + text(6, str(fifo))
        self.assertEqual(self.call("Create", create), (OK, ""))
        self.assertEqual(self.call("Start", text(1, "mute")), (OK, ""))
        self.assertEqual(self.call("Delete", text(1, "mute"))[0], PRECONDITION)
        self.assertEqual(self.call("Kill", text(1, "mute") + number(3, 9)), (OK, ""))
        self.assertEqual(self.call("Wait", text(1, "mute")), (OK, ""))
        self.assertEqual(self.call("Delete", text(1, "mute")), (OK, ""))
        self.assertTrue(eventually(lambda: not pathlib.Path(f"/sys/fs/cgroup/{self.node.namespace}/mute").exists()))
        self.assert_nothing_happened()

    def start_idle(self, name, process):
        """A container that waits; what it would exec, with `process` changed."""
        bundle, root = self.copied(name, "sleep", "1000")
        mount = text(1, "bind") + text(2, str(root)) + text(4, "rbind")
        self.assertEqual(self.call("Create", text(1, name) + text(2, str(bundle)) + text(3, mount)), (OK, ""))
        self.assertEqual(self.call("Start", text(1, name)), (OK, ""))
        process = json.loads((bundle / "config.json").read_text())["process"] | process
        return text(1, "types.containerd.io/opencontainers/runtime-spec/1/Process") + text(2, json.dumps(process))

    def end_idle(self, name):
        self.assertEqual(self.call("Kill", text(1, name) + number(3, 9)), (OK, ""))
        self.assertEqual(self.call("Wait", text(1, name)), (OK, ""))
        self.assertEqual(self.call("Delete", text(1, name)), (OK, ""))
        self.assert_nothing_happened()

    def test_who_waits_for_what_never_ran_is_answered(self):
        spec = self.start_idle("idle", {"args": ["/no/such/program"]})
        for name in ("fails", "forgotten"):
            which = text(1, "idle") + text(2, name)
            self.assertEqual(self.call("Exec", which + text(7, spec)), (OK, ""))
            waiter = self.connect()
            wire.ask(waiter, "Wait", which, namespace=NAMESPACE)
            if name == "fails":
                self.assertNotEqual(self.call("Start", which)[0], OK)
            self.assertEqual(self.call("Delete", which), (OK, ""))
            self.assertEqual(wire.answer(waiter)[:2], (OK, ""))
        self.end_idle("idle")

    def test_a_container_with_all_processes_that_it_may_have_can_be_ended(self):
        spec = self.start_idle("full", {})
        for each in range(256):
            which = text(1, "full") + text(2, f"e{each}")
            self.assertEqual(self.call("Exec", which + text(7, spec)), (OK, ""))
        code, words = self.call("Exec", text(1, "full") + text(2, "more") + text(7, spec))
        self.assertEqual((code, "256" in words), (EXHAUSTED, True), words)
        self.assertEqual(self.call("Delete", text(1, "full") + text(2, "e0")), (OK, ""))
        self.assertEqual(self.call("Exec", text(1, "full") + text(2, "more") + text(7, spec)), (OK, ""))
        self.end_idle("full")


if __name__ == "__main__":
    unittest.main()
