"""What containerd would never send, sent to the shim's own socket: it is refused with a code, nothing of
it stays, and the tasks of others go on."""

import json
import os
import pathlib
import socket
import struct
import unittest

from kube.ctr_test import ShimTest
from kube.support import PATIENCE, eventually

TASKS = "containerd.task.v3.Task"
OK, INVALID, NOT_FOUND, PRECONDITION, UNSUPPORTED = 0, 3, 5, 9, 12
NAMESPACE = "hostile"


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def text(field, value):
    """A field of protobuf that is text, bytes or a message."""
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(data)) + data


def number(field, value):
    return varint(field << 3) + varint(value)


def fields(data):
    """The fields of a message: number -> value of the last one."""
    found, at = {}, 0

    def take():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(data):
        key = take()
        if key & 7 == 0:
            found[key >> 3] = take()
        else:
            size = take()
            found[key >> 3] = data[at:at + size]
            at += size
    return found


class HostileTest(ShimTest):
    def setUp(self):
        self.run_task("witness", "sleep", "1000")
        self.addCleanup(self.remove, "witness")
        (self.socket,) = (self.node.dir / "s").iterdir()

    def connect(self):
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        client.settimeout(PATIENCE)
        client.connect(str(self.socket))
        return client

    def call(self, method, payload=b"", service=TASKS, namespace=NAMESPACE):
        """The code and the words of the answer."""
        return self.answer(self.ask(method, payload, service, namespace))

    def ask(self, method, payload=b"", service=TASKS, namespace=NAMESPACE):
        """The connection on which it will be answered."""
        client = self.connect()
        request = text(1, service) + text(2, method) + text(3, payload)
        if namespace:
            request += text(5, text(1, "containerd-namespace-ttrpc") + text(2, namespace))
        client.sendall(struct.pack(">IIBB", len(request), 1, 1, 0) + request)
        return client

    def answer(self, client):
        size, _, _, _ = struct.unpack(">IIBB", self.receive(client, 10))
        status = fields(fields(self.receive(client, size)).get(1, b""))
        return status.get(1, 0), status.get(2, b"").decode()

    @staticmethod
    def hangs_up(client):
        """Whether nothing comes but the end; what was not read there makes it a reset."""
        try:
            return client.recv(1) == b""
        except ConnectionResetError:
            return True

    @staticmethod
    def receive(client, size):
        data = b""
        while len(data) < size:
            piece = client.recv(size - len(data))
            if not piece:
                raise AssertionError("the shim hung up")
            data += piece
        return data

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
        self.assertEqual(self.answer(client)[0], INVALID)
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

    def copied(self, name, *command):
        """A bundle like the witness's, with another program."""
        state = self.node.dir / "state" / "io.containerd.runtime.v2.task" / self.node.namespace / "witness"
        config = json.loads((state / "config.json").read_text())
        config["process"]["args"] = list(command)
        config["linux"]["cgroupsPath"] = f"/{self.node.namespace}/{name}"
        return self.bundle(name, json.dumps(config)), state / "rootfs"

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

    def test_who_waits_for_what_never_ran_is_answered(self):
        bundle, root = self.copied("idle", "sleep", "1000")
        mount = text(1, "bind") + text(2, str(root)) + text(4, "rbind")
        self.assertEqual(self.call("Create", text(1, "idle") + text(2, str(bundle)) + text(3, mount)), (OK, ""))
        self.assertEqual(self.call("Start", text(1, "idle")), (OK, ""))
        process = json.loads((bundle / "config.json").read_text())["process"] | {"args": ["/no/such/program"]}
        spec = text(1, "types.containerd.io/opencontainers/runtime-spec/1/Process") + text(2, json.dumps(process))
        for name in ("fails", "forgotten"):
            which = text(1, "idle") + text(2, name)
            self.assertEqual(self.call("Exec", which + text(7, spec)), (OK, ""))
            waiter = self.ask("Wait", which)
            if name == "fails":
                self.assertNotEqual(self.call("Start", which)[0], OK)
            self.assertEqual(self.call("Delete", which), (OK, ""))
            self.assertEqual(self.answer(waiter), (OK, ""))
        self.assertEqual(self.call("Kill", text(1, "idle") + number(3, 9)), (OK, ""))
        self.assertEqual(self.call("Wait", text(1, "idle")), (OK, ""))
        self.assertEqual(self.call("Delete", text(1, "idle")), (OK, ""))
        self.assert_nothing_happened()


if __name__ == "__main__":
    unittest.main()
