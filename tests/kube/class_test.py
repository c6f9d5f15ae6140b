"""The class that the scheduler's rules choose where a pod's RuntimeClass leaves it open: by annotations and the program, of
what this node has, and with the reason."""

import json
import os
import unittest

from kube import guests
from kube.appkernel_test import RUNSC
from kube.ctr_test import RUNTIME
from kube.support import OF_TARGET, NodeTest


class ClassTest(NodeTest):
    handlers = (("strata", RUNTIME, "shim"), ("strata-container", RUNTIME, "shim", "class = 'container'"))
    files = guests.FILES

    def pod(self, name, handler="strata"):
        pod, config = self.node.pod(name, handler)
        self.addCleanup(self.node.remove_pod, pod)
        return pod, config

    def start(self, pod, config, *command, **annotations):
        return self.node.container(pod, config, "main", *command,
                                   annotations={f"strata.dev/{name}": value for name, value in annotations.items()})

    def refused(self, pod, config, *command, **annotations):
        """What is said of it; nothing of it is left."""
        with self.assertRaises(AssertionError) as raised:
            self.start(pod, config, *command, **annotations)
        self.assertEqual(self.node.control_groups(), [])
        self.assertEqual([line for line in self.node.mounts() if "/rootfs" in line], [])
        return str(raised.exception)

    def placement(self, pod, container):
        """What the shim tells of it."""
        said = json.loads(self.node.must(self.node.crictl("inspectp", pod)))
        return said["classes"][container]

    @unittest.skipUnless(os.path.exists(RUNSC), f"there is no {RUNSC}")
    def test_who_asks_for_security_gets_no_kernel_of_the_hosts_and_is_told_why(self):
        pod, config = self.pod("medium")
        container = self.start(pod, config, "sleep", "1000", security="medium")
        kernel = self.node.must(self.node.crictl("exec", "-s", container, "uname", "-r"))
        self.assertNotEqual(kernel, os.uname().release)
        placement = self.placement(pod, container)
        self.assertEqual(placement["class"], "appkernel")
        lost = {each["class"]: each.get("lost") for each in placement["alternatives"]}
        self.assertIn("requires.security: medium", lost["container"])
        self.assertIn("no variant", lost["wasm"])

    def test_the_program_decides_what_is_left_open(self):
        pod, config = self.pod("open")
        container = self.start(pod, config, "/spin.wasm")
        self.assertEqual(self.placement(pod, container)["class"], "wasm")
        self.assertEqual(len(self.node.cells()), 1)

    def test_what_no_class_may_run_is_refused_with_what_would_do(self):
        said = self.refused(*self.pod("high"), "/hello.wasm", security="high")
        self.assertIn("no class fits", said)
        self.assertIn("any of these would do: requires.security: medium", said)

    def test_a_runtime_class_does_not_lower_what_is_asked_for(self):
        said = self.refused(*self.pod("promised", "strata-container"), "sleep", "1000", security="medium")
        self.assertIn("does not allow sharing the host's kernel", said)

    def test_what_has_no_process_ids_of_its_own_shares_none(self):
        pod, config = self.pod("debugged")
        target = self.start(pod, config, "/spin.wasm")
        sharing = {"namespace_options": {"pid": OF_TARGET, "target_id": target}}
        with self.assertRaisesRegex(AssertionError, "only one of class container has"):
            self.node.container(pod, config, "debugger", "sleep", "1000", linux={"security_context": sharing})

    def test_annotations_that_are_not_understood_are_refused(self):
        for name, annotations, said in (("name", {"securty": "high"}, "none of that name"),
                                        ("value", {"security": "highest"}, "highest"),
                                        ("class", {"class": "fast"}, "no class")):
            with self.subTest(name):
                self.assertIn(said, self.refused(*self.pod(f"odd-{name}"), "sleep", "1000", **annotations))


if __name__ == "__main__":
    unittest.main()
