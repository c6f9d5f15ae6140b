"""What calls used and cost, as `strata cost` tells it: usage, overhead, savings, prices."""

import os
import pathlib
import shutil
import signal
import sys
import tempfile
import unittest

from e2e import guests
from e2e.images import guest_image
from e2e.support import Server, ServerTest, eventually, function, hello


def figures(name, p50, cpu, memory):
    return {"class": name, "first_ms": p50, "p50_ms": p50, "p99_ms": p50, "cpu_ms": cpu, "memory_mib": memory}


def process_cpu_s(pid):
    """CPU time of a living process, all its threads, as the kernel's scheduler counts it."""
    folder = pathlib.Path(f"/proc/{pid}/task")
    return sum(int((task / "schedstat").read_text().split()[0]) for task in folder.iterdir()) / 1e9


class CostTest(ServerTest):
    def cost(self, *words):
        return self.server.json("cost", *words)

    def row(self, cost, **fields):
        return next(row for row in cost["rows"] if all(row.get(k) == v for k, v in fields.items()))

    def call(self, path, times):
        for _ in range(times):
            self.assertEqual(self.server.get(path).status, 200)

    def test_calls_are_counted_by_workload_tenant_and_class(self):
        self.server.apply(hello("counted", "/counted", "default"))
        self.call("/counted", 7)
        row = self.row(self.cost(), name="counted", namespace="default")
        self.assertEqual((row["calls"], row["failed"], row["starts"], row["class"]), (7, 0, 7, "wasm"))
        self.assertGreater(row["cpu_s"], 0)
        self.assertGreater(row["memory_mib_s"], 0)
        prices = self.cost()["prices"]["classes"]["wasm"]
        expected = (row["cpu_s"] * prices["cpu_hour"] + row["memory_mib_s"] / 1024 * prices["gib_hour"]) / 3600
        self.assertAlmostEqual(row["cost"], expected, delta=expected * 1e-9)
        for by, key in (("tenant", {"namespace": "default"}), ("class", {"class": "wasm"})):
            self.assertGreaterEqual(self.row(self.cost("--by", by), **key)["calls"], 7)
        total = self.cost()["total"]
        self.assertAlmostEqual(total["cost"], sum(row["cost"] for row in self.cost()["rows"]))

    def test_the_table_has_the_same_figures(self):
        self.server.apply(hello("shown", "/shown", "default"))
        self.call("/shown", 2)
        cost = self.cost()
        done = self.server.strata("cost")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        column = {name: lines[0].index(name) for name in ("NAME  ", "CALLS", "USD")}
        cells = {line[column["NAME  "]:].split("  ")[0]: line for line in lines}
        self.assertEqual(cells["shown"][column["CALLS"]:].split()[0], "2")
        self.assertEqual(cells["all calls"][column["CALLS"]:].split()[0], str(cost["total"]["calls"]))
        self.assertEqual(cells["overhead (cell)"][column["CALLS"]:].split()[0], "-")
        whole = cost["total"]["cost"] + cost["total"]["overhead_cost"]
        self.assertAlmostEqual(float(cells["total"][column["USD"]:].split()[0]), whole, delta=1e-6)
        self.assertIn("Prices: list prices", done.stdout)
        self.assertIn("Elsewhere: by strata measure on this host (nothing was measured)", done.stdout)

    def test_what_a_service_in_wasm_would_have_held_elsewhere_is_not_known(self):
        server = Server().up()
        self.addCleanup(server.end)
        record = {"workload": "hello", "classes": [figures("wasm", 1, 0.1, 1), figures("container", 30, 5, 10)]}
        self.assertEqual(server.api("PUT", "/v1/measurements", record).status, 200)
        server.apply({**hello("stays", "/stays", "default"), "kind": "Service"})
        self.assertEqual(server.get("/stays").status, 200)
        cost = server.json("cost")
        self.assertEqual(cost["rows"][0]["calls"], 1)
        self.assertIn("is not counted", cost["total"]["all_container"]["lacking"])
        self.assertEqual(cost["measured"],
                         {"source": "strata measure", "workload": "hello", "classes": ["wasm", "container"]})

    def test_without_metering_nothing_is_counted_and_the_answer_says_so(self):
        server = Server("--no-metering").up()
        self.addCleanup(server.end)
        server.apply(hello("f", "/f", "default"))
        self.assertEqual(server.get("/f").status, 200)
        cost = server.json("cost")
        self.assertEqual((cost["metering"], cost["rows"], cost["overhead"]), (False, [], []))
        self.assertIn("--no-metering", server.strata("cost").stdout)

    def test_the_bill_of_a_deleted_function_stays(self):
        self.server.apply(hello("gone", "/gone", "default"))
        self.call("/gone", 3)
        done = self.server.strata("delete", "function", "gone")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.row(self.cost(), name="gone")["calls"], 3)

    def test_a_namespace_that_used_nothing_is_told_and_others_are_named(self):
        self.server.apply(hello("used", "/used", "default"))
        self.call("/used", 1)
        done = self.server.strata("-n", "defualt", "cost")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, "^Namespace 'defualt' has used nothing, .* have used something: .*default")
        self.assertIn("did you mean 'default'?", done.stdout)
        self.assertEqual(self.cost("-n", "defualt")["rows"], [])

    def test_this_node_has_its_price_and_a_start_that_of_what_it_computes(self):
        server = Server("--price=cpu_hour=3600", f"--price=node.{os.uname().nodename}=0.5").up()
        self.addCleanup(server.end)
        record = {"workload": "hello", "classes": [figures("wasm", 1, 0.1, 1), figures("container", 30, 5, 10)]}
        self.assertEqual(server.api("PUT", "/v1/measurements", record).status, 200)
        change = server.apply(hello("half", "/half", "default"))["changes"][0]
        # 0.1 ms of a processor at half a dollar a second, a million times; the memory is next to nothing.
        self.assertAlmostEqual(change["placement"]["alternatives"][0]["estimate"]["cost"], 50, delta=0.1)
        self.assertEqual(server.get("/half").status, 200)
        cost = server.json("cost")
        row, prices = cost["rows"][0], cost["prices"]
        self.assertAlmostEqual(row["cost"], row["cpu_s"] / 2, delta=row["cpu_s"] / 1000)
        self.assertEqual(prices["nodes"], {os.uname().nodename: 0.5})
        self.assertEqual((prices["classes"]["wasm"]["cpu_hour"], prices["classes"]["wasm"]["start"]), (1800, 0))
        self.assertEqual(prices["classes"]["container"]["start_from"], "strata measure")
        self.assertAlmostEqual(prices["classes"]["container"]["start"], 0.025 / 2)
        self.assertEqual(prices["classes"]["microvm"]["start_from"], "nothing was measured")

    def test_a_class_that_was_never_measured_has_no_figure(self):
        server = Server().up()
        self.addCleanup(server.end)
        server.apply(hello("f", "/f", "default"))
        self.assertEqual(server.get("/f").status, 200)
        cost = server.json("cost")
        self.assertEqual(cost["total"]["all_container"],
                         {"lacking": "class wasm was never measured here; 'strata measure' does"})
        text = server.strata("cost")
        self.assertEqual(text.returncode, 0, text.stderr)
        self.assertIn("SAVED VS MICROVM is not known", text.stdout)
        record = {"workload": "hello", "classes": [figures("wasm", 1, 0.1, 1), figures("container", 30, 5, 10)]}
        self.assertEqual(server.api("PUT", "/v1/measurements", record).status, 200)
        total = server.json("cost")["total"]
        self.assertGreater(total["all_container"]["saved"], 0)
        self.assertEqual(total["all_container"]["saved"], total["all_container"]["cost"] - total["cost"])
        self.assertEqual(total["all_microvm"],
                         {"lacking": "class microvm was never measured here; 'strata measure' does"})

    def test_calls_and_overhead_are_what_the_cells_computed(self):
        server = Server("--cells=2").up()
        self.addCleanup(server.end)
        busy = server.home / "busy.wat"
        busy.write_text(guests.web_module("(i64.const 1)"))
        server.apply(function("busy", busy, "/busy", "default"))
        for _ in range(400):
            server.get("/busy")
        before = {cell["pid"]: process_cpu_s(cell["pid"]) for cell in server.json("status")["cells"]}
        cost = server.json("cost", "-A")
        after = {pid: process_cpu_s(pid) for pid in before}
        calls = sum(row["cpu_s"] for row in cost["rows"])
        overhead = sum(row["cpu_s"] for row in cost["overhead"])
        self.assertGreaterEqual(overhead, 0)
        self.assertGreaterEqual(calls + overhead, sum(before.values()) * 0.99)
        self.assertLessEqual(calls + overhead, sum(after.values()) * 1.01)
        print(f"cells: {calls:.4f} s of calls + {overhead:.4f} s of overhead counted, {sum(before.values()):.4f} to "
              f"{sum(after.values()):.4f} s as the kernel has it", file=sys.stderr)
        # Over a restart too: what was counted before is not counted again.
        server.kill_manager()
        server.up()
        cost = server.json("cost", "-A")
        after = sum(process_cpu_s(pid) for pid in before)
        self.assertEqual(set(before), {cell["pid"] for cell in server.json("status")["cells"]})
        total = sum(row["cpu_s"] for row in cost["rows"] + cost["overhead"])
        self.assertAlmostEqual(total, after, delta=after * 0.01 + 0.005)

    def test_what_a_cell_computed_last_is_counted_when_it_ends(self):
        server = Server("--cells=1").up()
        self.addCleanup(server.end)
        server.apply(hello("f", "/f", "default"))
        cell, = server.cell_pids()
        for _ in range(200):
            server.get("/f")
        used = process_cpu_s(cell)
        os.kill(cell, signal.SIGKILL)
        self.assertTrue(eventually(lambda: server.cell_pids() not in ([], [cell])))
        self.assertTrue(eventually(lambda: server.get("/f").status == 200))
        used += sum(map(process_cpu_s, server.cell_pids()))
        self.assertGreaterEqual(server.json("cost")["overhead"][0]["process_cpu_s"], used - 1e-5)

    def test_prices_can_be_given_and_what_does_not_exist_is_refused(self):
        server = Server("--price=wasm.start=2").up()
        self.addCleanup(server.end)
        server.apply(hello("f", "/f", "default"))
        self.assertEqual(server.get("/f").status, 200)
        cost = server.json("cost")
        self.assertAlmostEqual(cost["total"]["cost"], 2, delta=0.001)
        self.assertIn("--price wasm.start=2", cost["prices"]["source"])
        self.assertIn("wasm 2.00 (--price)", server.strata("cost").stdout)
        self.assert_exit(server.strata("cost", "--by", "day"), 2, "--by")
        self.assert_exit(server.strata("-n", "No", "cost"), 2, "namespace")
        for query in ("by=day", "namespace=No", "to=1"):
            self.assertEqual(self.server.api("GET", f"/v1/cost?{query}").status, 400, query)


def group_cpu_s(server, below=""):
    """CPU time of every control group of the server's keepers, or of one below them, as the kernel has it."""
    root = pathlib.Path("/sys/fs/cgroup")
    name = f"strata-{server.group()}-k-*{below}"
    if (root / "cgroup.controllers").exists():
        lines = [line.split() for group in root.glob(name) for line in (group / "cpu.stat").read_text().splitlines()]
        return sum(int(value) for key, value in lines if key == "usage_usec") / 1e6
    return sum(int((group / "cpuacct.usage").read_text()) for group in (root / "cpuacct").glob(name)) / 1e9


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class KeeperCostTest(unittest.TestCase):
    def setUp(self):
        images = pathlib.Path(tempfile.mkdtemp(prefix="strata-cost."))
        self.addCleanup(shutil.rmtree, images)
        self.server = Server().up()
        self.addCleanup(lambda: self.assertEqual(self.server.end(), []))
        serves = guest_image(images / "serves", "serve")
        calls = guest_image(images / "calls", "hello")
        service = {**function("stays", f"oci:{serves.path}", "/stays", "default"), "kind": "Service"}
        self.server.apply(service, function("once", f"oci:{calls.path}", "/once", "default"))

    def row(self, name):
        return next((row for row in self.server.json("cost")["rows"] if row["name"] == name), None)

    def told(self):
        """Whether the keeper has told all that the service's sandbox has used by now: it is idle."""
        row = self.row("stays")
        return row and abs(row["cpu_s"] - group_cpu_s(self.server, "/*-stays-*")) <= 0.01 * row["cpu_s"] and row

    def everything(self):
        cost = self.server.json("cost", "-A")
        calls = [row["cpu_s"] for row in cost["rows"] if row["class"] != "wasm"]
        overhead = [row["cpu_s"] for row in cost["overhead"] if row["role"] == "keeper"]
        self.assertEqual(len(overhead), 1)
        self.assertGreater(overhead[0], 0)
        return sum(calls) + overhead[0]

    def assert_all_is_counted(self):
        before = group_cpu_s(self.server)
        counted = self.everything()
        after = group_cpu_s(self.server)
        self.assertGreaterEqual(counted, before * 0.99)
        self.assertLessEqual(counted, after * 1.01)
        print(f"keeper: {counted:.4f} s counted, {before:.4f} to {after:.4f} s in its group", file=sys.stderr)

    def work(self):
        for _ in range(10):
            self.assertEqual(self.server.get("/once").status, 200)
        for _ in range(300):
            self.assertEqual(self.server.request("POST", "/stays/echo", b"x" * 65536).status, 200)

    def test_calls_services_and_overhead_are_what_their_control_group_used(self):
        self.work()
        row = eventually(self.told)
        self.assertTrue(row, "what a service used is what its sandbox's control group used")
        self.assertGreater(row["memory_mib_s"], 0)
        self.assertEqual((row["calls"], row["starts"]), (300, 0), "no call starts a sandbox of a service")
        self.assertEqual((self.row("once")["calls"], self.row("once")["starts"]), (10, 10))
        self.assert_all_is_counted()

        # Over a restart of the manager: nothing twice, and also what was used while there was none.
        self.server.kill_manager()
        self.work()
        self.server.up()
        self.assertTrue(eventually(self.told))
        self.assertEqual(self.row("once")["calls"], 20)
        self.assert_all_is_counted()

        # Over the keeper's death: the next one's totals begin anew, and are more.
        counted = self.everything()
        keeper = next(pid for pid, words in self.server.processes().items() if words[0].endswith("/strata-keeper"))
        os.kill(keeper, signal.SIGKILL)
        self.assertTrue(eventually(lambda: self.server.get("/stays").status == 200))
        self.assertGreaterEqual(self.everything(), counted)
        self.assertGreater(self.row("stays")["cpu_s"], row["cpu_s"])


if __name__ == "__main__":
    unittest.main()
