"""The isolation battery, as a user runs it: every scenario in every class, and natively beside it.

The server and all its sandboxes live in a network namespace of the run, where the metadata address and
another tenant's address answer. They are planted there and nowhere else.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from e2e.support import ARTIFACTS, BIN, DONE, UNSUPPORTED, ServerTest, function
from security.native_battery import METADATA, TENANT, OwnNetwork

HERE = pathlib.Path(__file__).resolve().parent
CLASSES = ("wasm", "container", "appkernel", "microvm", "container-in-microvm")
PROGRAMS = CLASSES[1:]
FEWEST_THAT_COUNT = 60
MOST_LOG = 32 << 20
RANKS = ("n/a", "blocked", "contained", "allowed")


class BatteryTest(ServerTest):
    """A server in a network namespace of its own, and what the battery finds in it."""

    @classmethod
    def setUpClass(cls):
        cls.network = OwnNetwork()
        cls.addClassCleanup(cls.network.end)
        cls.prefix = cls.network.prefix
        super().setUpClass()

    @classmethod
    def probe(cls, *options):
        """What it printed as JSON, and how it ended."""
        command = [*cls.prefix, str(BIN / "strata"), "--home", str(cls.server.home), "-o", "json", "probe",
                   "--isolation", *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False,
                              env={**os.environ, **cls.network.environment})
        return json.loads(done.stdout), done

    def assert_acceptable(self, result, done, refused=()):
        worse = [(each["id"], name, outcome) for each in result["scenarios"]
                 for name, outcome in each["outcomes"].items() if name != "native"
                 and RANKS.index(outcome["outcome"]) > RANKS.index(outcome["expected"])]
        self.assertEqual(worse, [])
        self.assertEqual(done.returncode, UNSUPPORTED if refused else DONE, done.stderr)


@unittest.skipUnless(os.geteuid() == 0, "the battery needs root")
class IsolationTest(BatteryTest):
    @classmethod
    def prepare(cls):
        with tempfile.TemporaryDirectory(prefix="strata-native.") as folder:
            native = pathlib.Path(folder) / "native.json"
            subprocess.run([sys.executable, "-B", str(HERE / "native_battery.py"), str(BIN), str(native)],
                           check=True, timeout=600)
            cls.result, cls.done = cls.probe("--native", str(native))
        cls.scenarios = cls.result["scenarios"]

    def outcomes(self, name):
        return {each["id"]: each["outcomes"][name]["outcome"] for each in self.scenarios}

    def test_every_class_was_tried(self):
        self.assertEqual(self.result["lacking"], {})
        for name in CLASSES:
            self.assertEqual(len(self.outcomes(name)), len(self.scenarios))

    def test_enough_scenarios_succeed_natively(self):
        native = collections.Counter(self.outcomes("native").values())
        self.assertGreaterEqual(native["allowed"], FEWEST_THAT_COUNT, native)

    def test_nothing_is_allowed_that_should_be_blocked(self):
        self.assert_acceptable(self.result, self.done)

    def test_what_is_the_same_host_is_never_more_than_blocked(self):
        planted = [each for each in self.scenarios
                   if each["id"].startswith(("host-", "leaked-", "granted-", "tenant-", "metadata-"))]
        self.assertGreater(len(planted), 20)
        for each in planted:
            self.assertEqual(each["outcomes"]["native"]["outcome"], "allowed", each["id"])
            for name in PROGRAMS:
                self.assertEqual(each["outcomes"][name]["outcome"], "blocked", (each["id"], name))

    def test_what_is_webassemblys_goes_through_without_its_checks(self):
        scenarios = [each for each in self.scenarios if each["id"].startswith("wasm-")]
        self.assertEqual(len(scenarios), 11)
        for each in scenarios:
            self.assertEqual(each["outcomes"]["native"]["outcome"], "allowed", each["id"])
            self.assertEqual(each["outcomes"]["wasm"]["outcome"], "contained", each["id"])
            for name in PROGRAMS:
                self.assertEqual(each["outcomes"][name]["outcome"], "n/a", each["id"])

    def test_what_was_planted_in_the_network_is_reached_from_it(self):
        for scenario in ("metadata-address", "tenant-network"):
            done = subprocess.run([*self.prefix, str(BIN / "strata-battery"), scenario], capture_output=True,
                                  text=True, env=self.network.environment, check=True)
            self.assertEqual(done.stdout, "allowed connected\n", scenario)

    def test_a_webassembly_function_reaches_neither_without_a_grant(self):
        for address, port in ((METADATA, self.network.metadata_port), (TENANT, self.network.tenant_port)):
            self.server.apply(function("fetch", ARTIFACTS / "fetch.wasm", env={"TARGET": f"{address}:{port}"}))
            answer = self.server.api("POST", "/v1/namespaces/demo/functions/fetch/invoke?path=/")
            self.assertEqual(answer.status, 502)
            self.assertIn("denied", answer.text)
        self.assertEqual(self.server.strata("-n", "demo", "delete", "function", "fetch").returncode, DONE)

    def test_logs_stay_bounded(self):
        total = sum(path.stat().st_size for path in (self.server.home / "logs").rglob("*") if path.is_file())
        self.assertLess(total, MOST_LOG)

    def test_the_battery_is_removed_again(self):
        self.assertEqual(self.server.resources(), [])


@unittest.skipUnless(os.geteuid() == 0, "the battery needs root")
class OtherWaysTest(BatteryTest):
    """What is true of a call's program is true of servers, of programs beside them, and of copies."""

    def check(self, through, classes, refused):
        options = [word for name in classes for word in ("--class", name)]
        result, done = self.probe("--through", through, *options)
        self.assert_acceptable(result, done, refused)
        self.assertEqual(set(result["lacking"]), set(refused), result["lacking"])
        self.assertEqual(result["through"], through)
        for name in set(classes) - set(refused):
            tried = [each for each in result["scenarios"] if name in each["outcomes"]]
            self.assertGreater(len(tried), 80)
            silent = [each["id"] for each in tried if each["outcomes"][name]["outcome"] == "n/a"]
            self.assertEqual(silent, [])
        return result

    def test_servers(self):
        self.check("server", CLASSES, ["wasm"])

    def test_programs_beside_a_server(self):
        result = self.check("exec", CLASSES, ["wasm"])
        profile = {each["id"]: each["outcomes"]["container"]["outcome"] for each in result["scenarios"]}
        for each in ("capabilities", "bounding-set", "new-privileges", "mount", "leaked-descriptor",
                     "overwrite-runtime", "host-processes"):
            self.assertEqual(profile[each], "blocked", each)

    def test_copies_of_a_running_machine(self):
        self.check("copy", CLASSES, ["wasm", "container", "appkernel"])


if __name__ == "__main__":
    unittest.main()
