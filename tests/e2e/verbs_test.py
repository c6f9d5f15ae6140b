"""The other verbs: what they print, in each form, and the exit codes that scripts rely on."""

import concurrent.futures
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from e2e import guests
from e2e.support import (BIN, DONE, EXAMPLES, FAILED, GUEST_ENDED, NO_SERVER, NOT_FOUND, TRY_LATER, UNSUPPORTED,
                         USAGE, Server, ServerTest, eventually, function, hello)


class VerbsTest(ServerTest):
    @classmethod
    def prepare(cls):
        prints = cls.server.home / "prints.wat"
        prints.write_text(guests.PRINTS)
        cls.server.apply(hello(env={"COLOUR": "blue"}), function("prints", prints, "/prints"))

    def demo(self, *words, stdin=""):
        return self.server.strata("-n", "demo", *words, stdin=stdin)

    def test_get_lists_as_a_table_wide_json_and_yaml(self):
        table = self.demo("get", "functions")
        self.assertRegex(table.stdout, r"(?m)^Function +demo +hello +wasm +1 +- +http://")
        wide = self.demo("get", "functions", "-o", "wide")
        self.assertIn("hello-module.wasm", wide.stdout)
        listed = json.loads(self.demo("get", "functions", "-o", "json").stdout)
        self.assertLessEqual({"hello", "prints"}, {item["metadata"]["name"] for item in listed["items"]})
        self.assertRegex(self.demo("get", "functions", "-o", "yaml").stdout, r'(?m)name: hello$')

    def test_the_yaml_of_get_without_its_status_can_be_applied_again(self):
        text = self.demo("get", "function", "hello", "-o", "yaml").stdout
        manifest, _ = text.split("\nstatus:\n")
        again = self.server.json("apply", "-f", "-", stdin=manifest)
        self.assertEqual([change["action"] for change in again["changes"]], ["unchanged"])

    def test_describe_says_how_its_listener_works_and_which_guest_it_is(self):
        described = self.server.json("-n", "demo", "describe", "function", "hello")
        self.assertEqual(described["status"]["listener"], {"address": self.server.address, "mode": "direct",
                                                           "why": "every route leads to wasm of namespace 'demo'"})
        self.assertEqual(described["status"]["guest"], "module")
        self.assertIn("fib", json.dumps(described["status"]["exports"]))
        self.assertEqual(described["spec"]["env"], {"COLOUR": "blue"})

    def test_invoke_prints_the_body_and_with_include_the_head(self):
        self.assertEqual(self.demo("invoke", "hello").stdout, "hello, world\n")
        included = self.demo("invoke", "hello", "-i").stdout
        self.assertTrue(included.startswith("HTTP 200\n"), included)
        self.assertIn("text/plain", included)

    def test_invoke_sends_a_body_from_a_file_and_from_standard_input(self):
        self.server.apply(function("markdown", EXAMPLES.parent / "build/examples/markdown.wasm", "/markdown"))
        data = next((EXAMPLES / "markdown" / "request").iterdir())
        expected = self.server.request("POST", "/markdown", body=data.read_bytes()).text
        self.assertEqual(self.demo("invoke", "markdown", "-d", f"@{data}").stdout, expected)
        self.assertEqual(self.demo("invoke", "markdown", "-d", "-", stdin=data.read_text()).stdout, expected)

    def test_what_a_guest_refuses_is_printed_and_ends_with_1(self):
        self.server.apply(function("thumbnail", EXAMPLES.parent / "build/examples/thumbnail.wasm", "/thumbnail"))
        told = self.server.request("POST", "/thumbnail", body=b"no image")
        self.assertEqual(told.status, 400)
        done = self.demo("invoke", "thumbnail", "-d", "no image")
        self.assertEqual(done.stdout.strip(), told.text.strip())
        self.assert_exit(done, FAILED, "demo/thumbnail answered 400")
        self.assertTrue(self.demo("invoke", "thumbnail", "-i").stdout.startswith("HTTP 400\n"))
        sandbox = json.loads(self.demo("-o", "json", "sandbox", "create", "thumbnail").stdout)["sandboxes"][0]["id"]
        done = self.demo("sandbox", "call", sandbox, "-i", "-d", "no image")
        self.assertIn(told.text.strip(), done.stdout)
        self.assert_exit(done, FAILED, f"sandbox {sandbox} answered 400")
        # An id needs no -n: the namespace is the sandbox's own.
        self.assertEqual(json.loads(self.server.strata("-o", "json", "sandbox", "delete", sandbox).stdout),
                         {"action": "deleted", "kind": "sandbox", "namespace": "demo", "name": sandbox})

    def test_what_the_platform_refuses_of_a_call_is_no_answer_of_the_guest(self):
        loops = self.server.home / "loops.wat"
        loops.write_text(guests.INFINITE_LOOP)
        self.server.apply(function("loops", loops, limits={"timeout_ms": 100, "cpu_time_ms": 60000}))
        done = self.demo("invoke", "loops", "-i")
        self.assert_exit(done, TRY_LATER, "strata: the function took too long")
        self.assertEqual(done.stdout, "")

    def test_a_guest_cannot_speak_for_the_platform(self):
        forges = self.server.home / "forges.wat"
        forges.write_text(guests.REFUSES_AS_THE_PLATFORM)
        self.server.apply(function("forges", forges))
        done = self.demo("invoke", "forges", "-i")
        self.assert_exit(done, FAILED, "demo/forges answered 404")
        self.assertTrue(done.stdout.startswith("HTTP 404\n"), done.stdout)
        self.assertIn('{"code":"NOT_FOUND","detail":"mine"}', done.stdout)

    def test_what_the_http_layer_refuses_is_an_error_of_every_verb(self):
        done = self.demo("logs", "a" * 120_000)
        self.assert_exit(done, USAGE, "strata: ")
        self.assertEqual(done.stdout, "")

    def test_a_sandbox_is_given_a_file_as_a_function_is(self):
        self.server.apply(function("markdown", EXAMPLES.parent / "build/examples/markdown.wasm", "/markdown"))
        data = next((EXAMPLES / "markdown" / "request").iterdir())
        sandbox = json.loads(self.demo("-o", "json", "sandbox", "create", "markdown").stdout)["sandboxes"][0]["id"]
        expected = self.demo("invoke", "markdown", "-d", f"@{data}").stdout
        self.assertEqual(self.demo("sandbox", "call", sandbox, "-d", f"@{data}").stdout, expected)
        self.assert_exit(self.demo("sandbox", "delete", sandbox), DONE)

    def test_a_function_that_ends_without_an_answer_has_an_exit_code_of_its_own(self):
        for name, guest, limits, words in (
                ("hungry", guests.INFINITE_LOOP, {"cpu_time_ms": 50, "timeout_ms": 5000}, "hit its limit 'cpu_time'"),
                ("traps", guests.UNREACHABLE, {}, "its log says why")):
            file = self.server.home / f"{name}.wat"
            file.write_text(guest)
            self.server.apply(function(name, file, limits=limits))
            done = self.demo("invoke", name)
            self.assert_exit(done, GUEST_ENDED, words)
            self.assertEqual(done.stdout, "")

    def test_numbers_without_an_export_are_refused(self):
        self.assert_exit(self.demo("invoke", "hello", "2", "40"), USAGE, "--export")

    def test_a_namespace_narrows_top_and_the_list_of_sandboxes(self):
        self.server.get("/hello")
        self.assertTrue(eventually(lambda: "hello" in self.demo("top").stdout))
        self.assertEqual(self.server.json("-n", "nosuch", "top")["functions"], [])
        sandbox = json.loads(self.demo("-o", "json", "sandbox", "create", "hello").stdout)["sandboxes"][0]["id"]
        self.assertIn(sandbox, self.demo("sandbox", "list").stdout)
        self.assertIn(sandbox, self.server.strata("sandbox", "list").stdout)
        self.assertNotIn(sandbox, self.server.strata("-n", "nosuch", "sandbox", "list").stdout)
        self.assert_exit(self.demo("sandbox", "delete", sandbox), DONE)

    def test_a_namespace_that_contradicts_the_manifest_is_refused(self):
        manifest = json.dumps(hello(name="elsewhere", path="/elsewhere", namespace="other"))
        done = self.demo("apply", "-f", "-", stdin=manifest)
        self.assert_exit(done, USAGE, "standard input:1:", "metadata.namespace: 'other' is another namespace than 'demo'")
        self.assertEqual(self.server.json("-n", "other", "get")["items"], [])
        agrees = json.dumps(hello(env={"COLOUR": "blue"}))
        self.assert_exit(self.demo("apply", "--dry-run", "-f", "-", stdin=agrees), DONE)

    def test_a_manifest_that_names_no_namespace_goes_to_the_one_that_is_said(self):
        manifest = hello(name="unsaid", path="/unsaid")
        del manifest["metadata"]["namespace"]
        applied = json.loads(self.demo("apply", "-f", "-", "-o", "json", stdin=json.dumps(manifest)).stdout)
        self.assertEqual([change["namespace"] for change in applied["changes"]], ["demo"])
        self.assertIn("Function/demo/unsaid", self.server.resources())
        moved = self.server.home / "unsaid.yaml"
        moved.write_text(json.dumps(hello(name="unsaid", path="/unsaid", namespace="other")))
        self.assert_exit(self.demo("rollout", "start", "unsaid", "--to", str(moved)), USAGE, "'other' is another namespace")
        moved.write_text(json.dumps({**manifest, "spec": {**manifest["spec"], "env": {"COLOUR": "red"}}}))
        self.assert_exit(self.demo("rollout", "start", "unsaid", "--to", str(moved)), DONE)
        self.assert_exit(self.demo("rollout", "abort", "unsaid"), DONE)
        self.assert_exit(self.server.strata("-n", "No_Label", "apply", "-f", "-", stdin=json.dumps(manifest)), USAGE,
                         "namespace")
        self.assert_exit(self.demo("delete", "function", "unsaid"), DONE)

    def test_a_format_that_is_none_is_refused_before_anything_is_done(self):
        sandbox = json.loads(self.demo("-o", "json", "sandbox", "create", "hello").stdout)["sandboxes"][0]["id"]
        self.assert_exit(self.demo("-o", "foo", "sandbox", "delete", sandbox), USAGE, "'foo'")
        self.assertIn(sandbox, self.demo("sandbox", "list").stdout)
        self.assert_exit(self.demo("sandbox", "delete", sandbox), DONE)

    def test_options_of_a_cluster_and_of_a_server_do_not_mix(self):
        self.assert_exit(self.demo("--kubeconfig", "kc.yaml", "get"), USAGE, "--kube")
        self.assert_exit(self.demo("--context", "there", "get"), USAGE, "--kube")
        self.assert_exit(self.demo("--kube", "--api", "https://127.0.0.1:1", "get"), USAGE, "--kube", "--api")

    def test_crds_are_also_one_list_of_json(self):
        kinds = self.server.json("crds")
        self.assertEqual((kinds["kind"], len(kinds["items"])), ("List", 3))

    def test_a_battery_that_was_not_tried_is_no_success(self):
        self.assert_exit(self.demo("--api", "https://127.0.0.1:1", "probe", "--isolation", "--class", "wasm"), USAGE,
                         "wasm: a server elsewhere needs --api")
        self.assert_exit(self.demo("probe", "--isolation", "--through", "exec", "--class", "wasm"), UNSUPPORTED,
                         "nothing was tried in class wasm")

    def test_a_typed_export_is_called_with_numbers(self):
        answer = self.demo("invoke", "hello", "--export", "add", "2", "40")
        self.assertEqual(json.loads(answer.stdout), {"results": [42]})
        self.assert_exit(self.demo("invoke", "hello", "--export", "subtract", "1", "2"), NOT_FOUND, "subtract")
        self.assert_exit(self.demo("invoke", "hello", "--export", "add", "1"), USAGE, "2 arguments")
        self.assert_exit(self.demo("invoke", "hello", "--export", "add", "1", "many"), USAGE, "many")

    def test_logs_shows_what_a_function_printed_with_trace_ids_when_wide(self):
        self.assertEqual(self.server.get("/prints").text, "answer\n")
        self.assertTrue(eventually(lambda: "a line of the log" in self.demo("logs", "prints").stdout))
        kept = self.demo("logs", "prints", "-o", "json", "--tail", "1").stdout.splitlines()
        self.assertEqual(len(kept), 1)
        trace = json.loads(kept[0])["trace_id"]
        self.assertRegex(trace, r"^[0-9a-f]{32}$")
        self.assertIn(trace, self.demo("logs", "prints", "-o", "wide").stdout)

    def test_logs_follows_new_lines(self):
        command = [str(BIN / "strata"), "--home", str(self.server.home), "-n", "demo", "logs", "-f", "--tail", "0",
                   "prints"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as follower:
            try:
                # The follower is connected at some moment that it does not tell: print until it sees one.
                with concurrent.futures.ThreadPoolExecutor(1) as pool:
                    line = pool.submit(follower.stdout.readline)
                    self.assertTrue(eventually(lambda: self.server.get("/prints") and line.done()))
                self.assertIn("a line of the log", line.result())
            finally:
                follower.terminate()

    def test_top_counts_calls_and_errors(self):
        def row():
            rows = self.server.json("top")["functions"]
            return next((row for row in rows if row["name"] == "hello"), {"requests": 0})

        before = row()["requests"]
        for _ in range(10):
            self.server.get("/hello")
        self.assertTrue(eventually(lambda: row()["requests"] == before + 10))
        self.assertIn("hello", self.server.strata("top").stdout)

    def test_top_counts_calls_that_were_made_while_there_was_no_manager(self):
        self.server.kill_manager()
        for _ in range(5):
            self.assertEqual(self.server.get("/hello").status, 200)
        self.server.up()
        counted = lambda: sum(row["requests"] for row in self.server.json("top")["functions"])
        self.assertTrue(eventually(lambda: counted() == 5), counted())

    @unittest.skipUnless(os.geteuid() == 0, "the other classes need root")
    def test_probe_runs_a_sandbox_of_every_class(self):
        found = {row["name"]: row for row in self.server.json("probe")["checks"]}
        for name in ("container", "appkernel", "microvm", "container-in-microvm"):
            self.assertTrue(found[f"class-{name}"]["available"], found[f"class-{name}"])
            self.assertRegex(found[f"class-{name}"]["detail"], "ran a sandbox on (crun|runc|runsc with|QEMU)")

    @unittest.skipUnless(os.geteuid() == 0, "the other classes need root")
    def test_probe_says_of_each_runtime_of_containers_what_it_is(self):
        found = {row["name"]: row for row in self.server.json("probe")["checks"]}
        for name in ("crun", "runc"):
            row = found[f"runtime-{name}"]
            installed = any(os.access(f"{place}/{name}", os.X_OK) for place in
                            ("/usr/bin", "/usr/sbin", "/usr/local/sbin", "/usr/local/bin"))
            self.assertRegex(row["detail"], f"^{name} (version )?[0-9]" if installed else "^not installed: ")
            self.assertTrue(installed or not row["available"], row)

    def test_probe_knows_its_scenarios(self):
        self.assert_exit(self.demo("probe", "--isolation", "--scenario", "host-file-raed"),
                         USAGE, "did you mean 'host-file-read'")

    def test_probe_says_of_every_protection_whether_it_is_here(self):
        protections = json.dumps(self.server.json("probe"))
        for name in ("landlock", "seccomp", "network-namespace", "pidfd", "memfd-sealing"):
            self.assertIn(name, protections)

    def test_status_lists_living_cells(self):
        status = self.server.json("status")
        self.assertEqual(status["listen"], self.server.address)
        running = set(self.server.processes())
        self.assertTrue({cell["pid"] for cell in status["cells"]} <= running)
        self.assertEqual(running, {cell["pid"] for cell in status["cells"]} | {status["pid"]})

    def test_version_tells_both_programs(self):
        printed = self.server.strata("version").stdout
        self.assertRegex(printed, r"(?m)^strata \d+\.\d+\.\d+")
        self.assertRegex(printed, r"(?m)^stratad \d+\.\d+\.\d+")

    def test_completions_are_scripts_that_their_shell_accepts(self):
        for shell in ("bash", "zsh", "fish"):
            script = self.server.strata("completion", shell)
            self.assert_exit(script, DONE)
            self.assertIn("apply", script.stdout)
            if shutil.which(shell):
                checked = subprocess.run([shell, "-n"], input=script.stdout, capture_output=True, text=True,
                                         check=False)
                self.assertEqual((checked.returncode, checked.stderr), (0, ""), shell)

    def test_output_for_a_pipe_has_no_colours(self):
        for words in (("get", "-A"), ("status",), ("probe",), ("top",)):
            self.assertNotIn("\x1b", self.server.strata(*words).stdout)

    def test_wrong_command_lines_end_with_2(self):
        for words in (("fly",), ("get", "--upside-down"), ("apply",), ("completion", "powershell"),
                      ("get", "starships"), ("-o", "xml", "get")):
            self.assert_exit(self.server.strata(*words), USAGE)

    def test_what_is_not_there_ends_with_3(self):
        for words in (("describe", "function", "nobody"), ("invoke", "nobody"), ("logs", "nobody"),
                      ("get", "function", "nobody"), ("delete", "route", "nobody"),
                      ("sandbox", "call", "nobody"), ("sandbox", "create", "nobody")):
            self.assert_exit(self.server.strata(*words), NOT_FOUND, "nobody")

    def test_without_a_server_every_verb_ends_with_4(self):
        nowhere = Server()
        for words in (("get",), ("status",), ("down",), ("top",), ("invoke", "hello")):
            self.assert_exit(nowhere.strata(*words), NO_SERVER)
        self.assert_exit(nowhere.strata("down"), NO_SERVER, "nothing to stop")
        nowhere.home.rmdir()

    def test_every_verb_has_help(self):
        for verb in ("up", "down", "apply", "get", "describe", "delete", "invoke", "logs", "top", "sandbox", "probe",
                     "status", "version", "completion"):
            helped = self.server.strata(verb, "--help")
            self.assert_exit(helped, DONE)
            self.assertIn("Usage: strata " + verb, helped.stdout)


if __name__ == "__main__":
    unittest.main()
