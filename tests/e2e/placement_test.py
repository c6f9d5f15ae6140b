"""Which class a workload gets when its manifest names none, and what it is told of that."""

import json
import os
import pathlib
import re
import shutil
import tempfile
import unittest

from e2e.images import guest_image
from e2e.support import ARTIFACTS, DONE, NOT_FOUND, ROOT, WRONG_STATE, Server, ServerTest, eventually, function


def figures(name, p99, cpu):
    return {"class": name, "first_ms": 10 * p99, "p50_ms": p99 / 2, "p99_ms": p99, "cpu_ms": cpu, "memory_mib": 10}


# Made up, so that what is chosen does not depend on this machine.
RECORD = {"workload": "hello", "classes": [figures("wasm", 1, 0.1), figures("container", 30, 5),
                                           figures("appkernel", 100, 40), figures("microvm", 250, 100)]}


CLASSES = ("wasm", "container", "appkernel", "microvm", "container-in-microvm")


def comparable(told):
    """What is told of a workload without what is this host's or this build's: names, digests, times, how wide columns are,
    and where there are not two processors what they carry."""
    told = re.sub(r"(?m)Node: [^;]+;", "Node: vm;", told)
    told = re.sub(r"sha256:[0-9a-f]{64}", "sha256:…", told)
    told = re.sub(r"(?m)^Decided \S+,", "Decided …,", told)
    rows = [re.split(" {2,}", line.rstrip()) for line in told.rstrip().splitlines()]
    if os.cpu_count() != 2:
        rows = [row[:4] + row[5:] if len(row) == 10 else row for row in rows]
    return rows


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class PlacementTest(ServerTest):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-placement."))
        self.addCleanup(shutil.rmtree, self.folder)
        # Each test's own: what is learned of an image holds wherever it runs in the namespace.
        guest_image(self.folder / "image", "hello", Labels={"test": self.id()})
        self.put(RECORD)

    def put(self, record):
        answer = self.server.api("PUT", "/v1/measurements", record)
        self.assertEqual(answer.status, 200, answer.text)

    def image(self, name, **spec):
        manifest = function(name, f"oci:{self.folder / 'image'}", f"/{name}", "default")
        manifest["spec"].update(spec)
        return manifest

    def wasm(self, name, **spec):
        manifest = function(name, ARTIFACTS / "hello-module.wasm", f"/{name}", "default")
        manifest["spec"].update(spec)
        return manifest

    def placed(self, manifest):
        change = self.server.apply(manifest)["changes"][0]
        self.assertEqual(self.server.get("/" + change["name"]).status, 200)
        explained = self.server.json("explain", change["name"])
        self.assertEqual({field: explained[field] for field in change["placement"]}, change["placement"])
        # What the table has beside the placement, and nothing else; a pool and what is learned come by and by.
        beside = {"models", "prediction", "scale", "sandboxes", "variants", "rollout", "moved", "not_served", "stays"}

        def alike():
            told = self.server.json("explain", change["name"])
            described = self.server.json("describe", "function", change["name"])["status"]
            self.assertEqual(described["class"], told["class"])
            return (set(told) - set(change["placement"]) - {"kept_ready", "decided"} == beside & set(described)
                    and ("kept_ready" in told) == ("pool" in described))

        self.assertTrue(eventually(alike))
        return explained

    def refusal(self, manifest):
        with self.assertRaises(AssertionError) as refused:
            self.server.apply(manifest)
        self.assertNotIn(f"Function/default/{manifest['metadata']['name']}", self.server.resources())
        return str(refused.exception)

    def test_the_cheapest_class_that_the_image_can_run_in(self):
        placement = self.placed(self.image("plain"))
        self.assertEqual((placement["class"], placement["by_rule"], placement["node"]),
                         ("container", "container", os.uname().nodename))
        self.assertEqual(placement["pool"], "unpacked image")
        self.assertEqual([each.get("score") for each in placement["alternatives"]][0], 1)
        why = {each["class"]: each.get("lost") for each in placement["alternatives"]}
        self.assertIn("times as much as container", why["appkernel"])
        self.assertEqual(why["wasm"], "the workload has no variant for it")
        self.assertIsNone(why["container"])

    def test_what_security_asks_for(self):
        for asked, given in (("medium", "appkernel"), ("high", "microvm")):
            with self.subTest(asked):
                placement = self.placed(self.image(f"is-{asked}", requires={"security": asked}))
                self.assertEqual(placement["class"], given)
        placement = self.placed(self.image("pair", within="microvm", requires={"security": "high"}))
        self.assertEqual((placement["class"], placement["because"]),
                         ("container-in-microvm", "spec.class asks for it"))

    def test_what_cannot_be_had_is_refused_with_what_would_have_to_give(self):
        words = self.refusal(self.wasm("strong", requires={"security": "high"}))
        self.assertIn("wasm: requires.security: high asks for a machine of its own", words)
        self.assertIn("any of these would do: requires.security: medium", words)
        words = self.refusal(self.image("fast", requires={"security": "medium"}, slo={"p99_ms": 20}))
        self.assertIn("appkernel: slo.p99_ms is 20, measured here: 100", words)
        self.assertIn("slo.p99_ms: 100", words)
        words = self.refusal(self.image("weak", requires={"security": "medium"}, **{"class": "container"}))
        self.assertIn("leave spec.class out", words)

    def test_load_and_availability_are_bounds_like_any_other(self):
        cores = os.cpu_count()
        placement = self.placed(self.image("loaded", slo={"qps": 10}))
        estimate = placement["alternatives"][0]["estimate"]
        self.assertEqual(placement["class"], "container")
        self.assertAlmostEqual(estimate["qps"], 0.7 * cores * 1000 / 15)  # 15 ms for each call, nearly all to start it
        words = self.refusal(self.image("overloaded", slo={"qps": 100_000}, requires={"security": "medium"}))
        self.assertRegex(words, r"appkernel: slo\.qps is 100000, it can carry \d+")
        self.assertRegex(words, r"any of these would do: slo\.qps: \d+")
        unsure = self.placed(self.image("steady", slo={"availability": 99.9}))
        self.assertIn("whether it keeps the SLO is not known", unsure["because"])
        self.assertIn("expected a percentage from 1 to 99.9999", self.refusal(self.image("never", slo={"availability": 100})))

    def test_what_the_host_has_no_memory_for_is_refused_with_both_numbers(self):
        with open("/proc/meminfo") as meminfo:
            total = next(int(line.split()[1]) for line in meminfo if line.startswith("MemTotal:")) // 1024
        if total > 512_000:
            self.skipTest("this host has the memory")
        much = {"apiVersion": "strata.dev/v1alpha1", "kind": "Service", "metadata": {"name": "much"},
                "spec": {"artifact": f"oci:{self.folder / 'image'}", "port": 8080, "replicas": 1000,
                         "limits": {"memory_mib": 512}}}
        with self.assertRaises(AssertionError) as refused:
            self.server.apply(much)
        words = str(refused.exception)
        told = re.search(r"container: no node of this class has 512000 MiB free; (\S+) has (\d+)\n", words)
        self.assertTrue(told, words)
        self.assertEqual(told[1], os.uname().nodename)
        self.assertLess(int(told[2]), total - 255, "some stays free")
        self.assertIn(f"replicas: {int(told[2]) // 512}", words)
        self.assertNotIn("Service/default/much", self.server.resources())

    def test_a_class_that_cannot_give_the_memory_is_not_chosen_and_says_so(self):
        small = self.placed(self.image("narrow", limits={"memory_mib": 32}))
        self.assertEqual(small["class"], "container")
        lost = {each["class"]: each.get("lost", "") for each in small["alternatives"]}
        self.assertEqual(lost["appkernel"], "limits.memory_mib is 32, and it needs 64 at least")
        text = self.refusal(self.image("named", limits={"memory_mib": 32}, **{"class": "appkernel"}))
        self.assertIn("any of these would do: limits.memory_mib: 64; leave spec.class out", text)
        text = self.refusal(self.image("large", limits={"memory_mib": 512}, requires={"security": "high"}))
        self.assertIn("microvm: limits.memory_mib is 512, and it can give 448 at most", text)
        self.assertIn("limits.memory_mib: 448", text)

    def test_a_device_is_granted_by_no_class_and_each_says_why(self):
        words = self.refusal(self.image("gpu", devices=[{"kind": "gpu"}]))
        for name, why in (("container", "could get the GPU's device files (CDI)"), ("appkernel", "(nvproxy)"),
                          ("microvm", "(VFIO); this driver's machines have no PCI bus")):
            self.assertRegex(words, rf"{name}: spec\.devices\[0\] \(gpu\): .*{re.escape(why)}")
        self.assertIn("any of these would do: leave spec.devices out", words)
        words = self.refusal(self.wasm("key", devices=[{"kind": "usb", "id": "1050:0407"}], **{"class": "wasm"}))
        self.assertIn("wasm: spec.devices[0] (usb): a wasm guest has no devices", words)
        self.assertIn("spec.devices[0].kind: unknown value 'tpu'", self.refusal(self.image("tpu", devices=[{"kind": "tpu"}])))

    def test_what_did_not_change_stays_where_it_is(self):
        self.assertEqual(self.placed(self.image("stays"))["class"], "container")
        self.put({"classes": [figures("container", 30, 5000)]})
        again = self.server.apply(self.image("stays"))["changes"][0]
        self.assertEqual((again["action"], again["placement"]["class"]), ("unchanged", "container"))
        self.assertEqual(self.placed(self.image("stays", env={"NEW": "1"}))["class"], "appkernel")

    def test_the_class_outlives_the_manager(self):
        self.assertEqual(self.placed(self.image("kept", requires={"security": "medium"}))["class"], "appkernel")
        self.server.kill_manager()
        self.server.up(self.server.address)
        self.assertEqual(self.server.json("explain", "kept")["class"], "appkernel")
        self.assertEqual(self.server.get("/kept").status, 200)
        self.assertEqual(json.loads(self.server.api("GET", "/v1/measurements").text)["classes"], RECORD["classes"])

    def test_the_literal_rule_can_be_followed(self):
        placement = self.placed(self.wasm("ruled", placement="rule", requires={"performance": "high"}))
        self.assertEqual((placement["class"], placement["because"]), ("wasm", "the rule gives it"))
        self.assertIn("placement: cost", self.refusal(self.wasm("unruly", placement="rule")))

    def test_explain_is_a_table_for_people(self):
        self.server.apply(self.image("shown"))
        shown = self.server.strata("explain", "shown").stdout
        self.assertIn("default/shown runs in class container: the cheapest of 3 that fit.", shown)
        self.assertRegex(shown, r"(?m)^appkernel +100\.00 +1000\.00 +10\.00 .* 0\.\d\d +strata measure .*times as much as container$")
        self.assertIn(f"Node: {os.uname().nodename}; kept ready: unpacked image.", shown)

    def test_a_small_cost_is_shown_in_digits_that_say_something(self):
        # A namespace of its own, in which nothing was learned of the artifact.
        self.server.apply(function("small", ARTIFACTS / "hello-module.wasm", "/small", "small"))
        shown = self.server.strata("-n", "small", "explain", "small").stdout
        self.assertRegex(shown, r"(?m)^wasm +1\.00 +10\.00 +10\.00 +\d+ +- +0\.0011 +1\.00 +strata measure +-$")

    def test_its_own_calls_are_learned_and_scored(self):
        slow = function("slow", f"oci:{self.folder / 'image'}", "/slow", "default")
        self.put({"classes": [figures("container", 0.1, 0.0001)]})
        first = self.placed(slow)["alternatives"][0]["estimate"]
        self.assertEqual(first["source"], "strata measure")
        for _ in range(10):
            self.server.get("/slow")

        def status():
            return self.server.json("describe", "function", "slow")["status"]
        self.assertTrue(eventually(lambda: status()["models"] and status()["models"][0]["calls"] == 11))
        model = status()["models"][0]
        self.assertEqual((model["class"], model["revision"], model["failure_rate"]), ("container", 1, 0))
        self.assertEqual(status()["prediction"]["calls"], 10)
        slow["spec"]["env"] = {"NEW": "1"}
        now = self.placed(slow)["alternatives"][0]["estimate"]
        self.assertEqual(now["source"], "its own calls + strata measure")
        self.assertTrue(first["p99_ms"] < now["p99_ms"] < model["p99_ms"], (first, now, model))
        shown = self.server.strata("explain", "slow").stdout
        self.assertRegex(shown, r"(?m)^container +\d+ +\d+ +\d+\.\d\d ")
        self.assertRegex(shown, r"Each of \d+ calls was predicted before it was learned from: \S+ % of the variance")

    def test_every_model_is_shown_beside_its_prior_and_its_claim(self):
        self.placed(self.image("told"))
        self.placed(self.image("other"))

        def models(*words):
            return self.server.json("explain", "--models", *words)["models"]
        self.assertTrue(eventually(lambda: [each["name"] for each in models("told")] == ["told"]))
        model = models("told")[0]
        self.assertEqual((model["class"], model["revision"], model["calls"]), ("container", 1, 1))
        self.assertEqual((model["prior"]["p99_ms"], model["prior"]["source"]), (30, "strata measure"))
        self.assertEqual(model["claim"]["cold_start_ms"], {"min": 100, "max": 500})
        self.assertEqual(model["failures"]["rate"], 0)
        self.assertEqual((model["failures"]["least"], model["failures"]["calls"]), (0, 1))
        self.assertLessEqual({"told", "other"}, {each["name"] for each in models()})
        self.assertEqual(models("nobody"), [])
        self.assert_exit(self.server.strata("explain", "--models", "tolt"), NOT_FOUND,
                         "no Function or Service 'tolt' in namespace 'default'", "did you mean 'told'?")
        self.server.apply(self.image("uncalled"))
        self.assertIn("Nothing was learned yet of default/uncalled",
                      self.server.strata("explain", "--models", "uncalled").stdout)
        self.assertIn("Nothing was learned yet in namespace 'empty'",
                      self.server.strata("-n", "empty", "explain", "--models").stdout)
        shown = self.server.strata("explain", "--models", "told").stdout
        self.assertRegex(shown, r"(?m)^told +container +1 +1 +- +100-500 .* 15\.00 / 30\.00 ")
        self.assertIn("Nothing that is claimed is used for a decision.", shown)
        self.server.strata("delete", "function", "told")
        self.assertEqual(models("told"), [])

    def test_the_worked_examples_are_what_really_happens(self):
        """docs/placement.md: each manifest, and what is shown of it."""
        text = (ROOT / "docs" / "placement.md").read_text().split("## Worked examples")[1]
        examples = re.findall(r"```yaml\n(# (\w+)\.yaml\n.*?)```\n\n```\n(.*?)```", text, re.DOTALL)
        self.assertEqual(len(examples), 7)
        self.assertEqual(set(CLASSES), set(re.findall(r"runs in class ([\w-]+):", text)))
        shutil.copy(ARTIFACTS / "hello-module.wasm", self.folder / "hello.wasm")
        server = Server().up()  # on which nothing was learned
        self.addCleanup(server.end)
        self.assertEqual(server.api("PUT", "/v1/measurements", RECORD).status, 200)
        for manifest, name, shown in examples:
            with self.subTest(name):
                (self.folder / f"{name}.yaml").write_text(manifest)
                done = server.strata("apply", "-f", f"{name}.yaml", cwd=self.folder)
                if "no class fits" in shown:
                    self.assertEqual(done.returncode, WRONG_STATE)
                    told = done.stderr[done.stderr.index("strata: ") + len("strata: "):]
                else:
                    self.assertEqual(done.returncode, DONE, done.stderr)
                    told = server.strata("explain", name).stdout
                    chosen = re.search(r"runs in class ([\w-]+): (.*)", told)
                    self.assertRegex(done.stdout, rf" {name} +created +{chosen[1]} +1 ")
                    again = server.strata("apply", "--dry-run", "-f", f"{name}.yaml", cwd=self.folder).stdout
                    self.assertIn(f"  runs in class {chosen[1]}: ", again)
                self.assertEqual(comparable(told), comparable(shown))

    def test_a_record_that_is_none_is_refused(self):
        for wrong in ({}, {"classes": [{"class": "wasm"}]}, {"classes": [figures("vm", 1, 1)]}):
            answer = self.server.api("PUT", "/v1/measurements", wrong)
            self.assertEqual(answer.status, 400, wrong)
        self.assertEqual(json.loads(self.server.api("GET", "/v1/measurements").text)["classes"], RECORD["classes"])


if __name__ == "__main__":
    unittest.main()
