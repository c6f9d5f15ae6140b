"""Guests that are broken, greedy or endless: each gets its typed error, and its neighbour goes on."""

import unittest

from e2e import guests
from e2e.support import ARTIFACTS, DONE, ServerTest, documents, eventually, function, hello

LIMITS = {"cpu_time_ms": 50, "timeout_ms": 2000, "memory_mib": 16, "response_kib": 64, "request_kib": 16}


class BadGuestTest(ServerTest):
    @classmethod
    def prepare(cls):
        cls.server.apply(hello("neighbour", "/neighbour"))

    def setUp(self):
        self.cells = self.server.cell_pids()

    def tearDown(self):
        self.assertEqual(self.server.get("/neighbour").text, "hello, world\n")
        self.assertEqual(self.server.cell_pids(), self.cells, "a cell died of a guest")

    def artifact(self, content):
        file = self.server.home / f"{self._testMethodName}.wasm"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def deploy(self, content, **limits):
        return self.server.apply(function("bad", self.artifact(content), "/bad", limits={**LIMITS, **limits}))

    def refuse(self, content, *words, **limits):
        """Applying it fails, says why, and leaves nothing."""
        before = self.server.resources()
        text = documents(function("refused", self.artifact(content), "/refused", limits={**LIMITS, **limits}))
        refused = self.server.strata("apply", "-f", "-", stdin=text)
        self.assertNotEqual(refused.returncode, DONE)
        for word in words:
            self.assertIn(word, refused.stderr)
        self.assertEqual(self.server.resources(), before)
        self.assertEqual(self.server.get("/refused").status, 404)

    def assert_problem(self, answer, status, slug):
        self.assertEqual((answer.status, answer.problem), (status, slug), answer.body[:300])

    # --- what is refused when it is deployed

    def test_bytes_that_are_no_wasm_are_refused(self):
        self.refuse(b"\x7fELF and then nothing", "refused")

    def test_an_empty_artifact_is_refused(self):
        self.refuse(b"", "refused")

    def test_wasm_with_a_broken_section_is_refused(self):
        self.refuse(b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff\x0f", "refused")

    def test_a_truncated_component_is_refused(self):
        whole = (ARTIFACTS / "hello-c.wasm").read_bytes()
        self.refuse(whole[:len(whole) // 2], "refused")

    def test_a_module_that_imports_what_nobody_provides_is_refused(self):
        self.refuse(guests.IMPORTS_UNKNOWN, "launch")

    def test_a_declared_memory_of_1_gb_is_refused_under_a_limit_of_16_mib(self):
        self.refuse(guests.DECLARES_1_GB, "memory")

    # --- what ends when it runs

    def test_an_infinite_loop_ends_at_its_cpu_time(self):
        self.deploy(guests.INFINITE_LOOP)
        self.assert_problem(self.server.get("/bad"), 502, "limit-cpu-time")

    def test_many_infinite_loops_at_once_all_end(self):
        self.deploy(guests.INFINITE_LOOP)
        connections = [self.server.connect() for _ in range(16)]
        for connection in connections:
            connection.request("GET", "/bad")
        self.assertEqual(self.server.get("/neighbour").status, 200)
        for connection in connections:
            self.assertEqual(connection.getresponse().status, 502)
            connection.close()

    def test_a_deep_recursion_ends_as_a_trap(self):
        self.deploy(guests.DEEP_RECURSION)
        self.assert_problem(self.server.get("/bad"), 502, "guest-failed")

    def test_a_trap_is_told_to_the_log_and_not_to_the_client(self):
        self.deploy(guests.UNREACHABLE)
        answer = self.server.get("/bad")
        self.assert_problem(answer, 502, "guest-failed")
        self.assertNotIn("unreachable", answer.text)

    def test_a_memory_bomb_ends_at_its_memory_limit(self):
        self.deploy(guests.MEMORY_BOMB)
        self.assert_problem(self.server.get("/bad"), 502, "limit-memory")

    def test_a_guest_that_asks_for_memory_forever_ends_at_its_cpu_time(self):
        self.deploy(guests.GROW_LOOP)
        answer = self.server.get("/bad")
        self.assertEqual(answer.status, 502)
        self.assertIn(answer.problem, ("limit-cpu-time", "limit-memory"))

    def test_an_answer_longer_than_its_limit_is_refused_before_its_head_leaves(self):
        self.deploy(guests.HUGE_RESPONSE)
        self.assert_problem(self.server.get("/bad"), 502, "limit-response")
        self.assertTrue(eventually(lambda: [line for line in self.server.access_log() if line["exit"] == "limit"
                                            and line["bytes_out"] <= LIMITS["response_kib"] * 1024]))

    def test_an_answer_outside_of_the_guests_memory_is_a_failure(self):
        self.deploy(guests.WILD_RESPONSE)
        self.assert_problem(self.server.get("/bad"), 502, "guest-failed")

    def deploy_small(self, example):
        limits = {**LIMITS, "memory_mib": 64, "cpu_time_ms": 1000}
        self.server.apply(function("small", ARTIFACTS / f"{example}.wasm", "/small", limits=limits))

    def test_a_request_longer_than_its_limit_is_413(self):
        self.deploy_small("markdown")
        self.assertEqual(self.server.request("POST", "/small", body=b"# short").status, 200)
        self.assert_problem(self.server.request("POST", "/small", body=b"x" * 20_000), 413, "limit-request")

    # A guest may not read the part that it was given as if it were the whole.
    def test_a_chunked_request_longer_than_its_limit_is_413(self):
        self.deploy_small("markdown")
        self.assert_problem(self.server.request("POST", "/small", body=(b"x" * 1000 for _ in range(20))),
                            413, "limit-request")

    def test_a_call_over_the_concurrency_limit_is_429(self):
        self.deploy(guests.INFINITE_LOOP, concurrency=1, cpu_time_ms=400)
        cells = len(self.cells)
        connections = [self.server.connect() for _ in range(4 * cells)]
        for connection in connections:
            connection.request("GET", "/bad")
        answers = sorted(connection.getresponse().status for connection in connections)
        for connection in connections:
            connection.close()
        self.assertEqual(set(answers), {429, 502})
        self.assertLessEqual(answers.count(502), 2 * cells)


if __name__ == "__main__":
    unittest.main()
