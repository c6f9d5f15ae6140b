"""Powers that a function has only when its manifest grants them."""

import http.server
import threading
import unittest

from e2e import guests
from e2e.support import ARTIFACTS, ServerTest, eventually, function


class Target(http.server.BaseHTTPRequestHandler):
    """The server that functions try to reach; it keeps what arrived."""

    seen = []

    def do_GET(self):
        self.seen.append((self.path, dict(self.headers)))
        body = b"from the target\n"
        self.send_response(203)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class GrantsTest(ServerTest):
    @classmethod
    def prepare(cls):
        cls.target = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
        cls.target_address = f"127.0.0.1:{cls.target.server_address[1]}"
        threading.Thread(target=cls.target.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.target.server_close)
        cls.addClassCleanup(cls.target.shutdown)

    def setUp(self):
        Target.seen.clear()

    def tearDown(self):
        self.assertEqual(self.server.json("status")["cellsReplaced"], 0, "a cell died")

    def guest(self, name, text):
        file = self.server.home / f"{name}.wat"
        file.write_text(text)
        return file

    def apply_fetch(self, target, grants):
        self.server.apply(function("fetch", ARTIFACTS / "fetch.wasm", "/fetch", env={"TARGET": target},
                                   grants={"http": grants}, limits={"timeout_ms": 5000}))

    # --- outgoing HTTP

    def test_an_outgoing_request_without_a_grant_is_denied_and_visible(self):
        self.apply_fetch(self.target_address, [])
        answer = self.server.get("/fetch")
        self.assertEqual(answer.status, 502)
        self.assertIn("denied", answer.text)
        self.assertEqual(Target.seen, [])

        def log():
            return self.server.strata("-n", "demo", "logs", "fetch").stdout

        self.assertTrue(eventually(lambda: self.target_address in log()), log())

    def test_a_grant_of_another_port_does_not_help(self):
        self.apply_fetch(self.target_address, ["127.0.0.1:1"])
        self.assertEqual(self.server.get("/fetch").status, 502)
        self.assertEqual(Target.seen, [])

    def test_a_grant_of_another_name_for_the_same_address_does_not_help(self):
        self.apply_fetch(self.target_address, ["localhost:" + self.target_address.split(":")[1]])
        self.assertEqual(self.server.get("/fetch").status, 502)
        self.assertEqual(Target.seen, [])

    def test_an_outgoing_request_with_a_grant_arrives(self):
        self.apply_fetch(self.target_address, [self.target_address])
        answer = self.server.get("/fetch/deep?x=1")
        self.assertEqual((answer.status, answer.text), (203, "from the target\n"))
        path, headers = Target.seen[0]
        self.assertIn("x=1", path)
        self.assertEqual(headers["Host"], self.target_address)

    def test_a_target_that_is_not_there_is_the_functions_problem_only(self):
        self.apply_fetch("127.0.0.1:1", ["127.0.0.1:1"])
        answer = self.server.get("/fetch")
        self.assertEqual(answer.status, 502)
        self.assertNotIn("denied", answer.text)

    def test_a_taken_back_grant_is_gone_with_the_next_call(self):
        self.apply_fetch(self.target_address, [self.target_address])
        self.assertEqual(self.server.get("/fetch").status, 203)
        self.apply_fetch(self.target_address, [])
        self.assertEqual(self.server.get("/fetch").status, 502)

    def fetched(self):
        """Calls of the function that were billed."""
        rows = self.server.json("-n", "demo", "cost")["rows"]
        return sum(row["calls"] for row in rows if row["name"] == "fetch")

    def test_a_sandbox_keeps_the_grants_and_the_bill_of_its_revision(self):
        self.apply_fetch(self.target_address, [self.target_address])
        sandbox, = self.server.json("-n", "demo", "sandbox", "create", "fetch")["sandboxes"]
        self.addCleanup(self.server.api, "DELETE", f"/v1/sandboxes/{sandbox['id']}")
        for port in range(20, 40):  # a revision each
            self.apply_fetch(f"127.0.0.1:{port}", [])
        before = self.fetched()
        answer = self.server.api("POST", f"/v1/sandboxes/{sandbox['id']}/invoke")
        self.assertEqual((answer.status, answer.text), (203, "from the target\n"))
        self.assertEqual(self.fetched(), before + 1)

    # --- the environment

    def test_a_function_sees_its_own_environment_only(self):
        self.apply_fetch("", [])
        self.assertNotEqual(self.server.get("/fetch").status, 203)

    # --- directories

    def granted_folder(self):
        """A folder that the cells' user may pass through and read."""
        folder = self.server.home / "granted"
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        (folder / "note").write_text("from the host\n")
        return folder

    def apply_command(self, text, dirs):
        self.server.apply(function("command", self.guest("command", text), "/command", grants={"dirs": dirs}))

    def assert_failed(self):
        """The command could not do its work and ended with a status of its own: no trap, no dead cell."""
        self.assertEqual(self.server.get("/command").status, 500)

    def test_a_granted_directory_is_readable(self):
        self.apply_command(guests.reads_file("note"),
                           [{"host": str(self.granted_folder()), "guest": "/data", "mode": "ro"}])
        answer = self.server.get("/command")
        self.assertEqual((answer.status, answer.text), (200, "from the host\n"))

    def test_without_a_grant_there_is_no_directory(self):
        self.apply_command(guests.reads_file("note"), [])
        self.assert_failed()

    def test_a_path_out_of_the_granted_directory_leads_nowhere(self):
        folder = self.granted_folder()
        (folder.parent / "secret").write_text("not for guests\n")
        for name in ("../secret", "/etc/passwd", "note/../../secret"):
            self.apply_command(guests.reads_file(name), [{"host": str(folder), "guest": "/data", "mode": "ro"}])
            self.assert_failed()

    def test_a_symbolic_link_out_of_the_granted_directory_leads_nowhere(self):
        folder = self.granted_folder()
        (folder.parent / "secret").write_text("not for guests\n")
        link = folder / "link"
        if not link.is_symlink():
            link.symlink_to("../secret")
        self.apply_command(guests.reads_file("link"), [{"host": str(folder), "guest": "/data", "mode": "ro"}])
        self.assert_failed()

    def test_a_granted_directory_cannot_be_written(self):
        folder = self.granted_folder()
        self.apply_command(guests.writes_file("new"), [{"host": str(folder), "guest": "/data", "mode": "ro"}])
        self.assert_failed()
        self.assertFalse((folder / "new").exists())

    def test_a_scratch_directory_is_writable_private_and_gone_after_the_call(self):
        scratch = [{"guest": "/tmp", "mode": "scratch"}]
        self.apply_command(guests.writes_file("mine"), scratch)
        for _ in range(3):
            answer = self.server.get("/command")
            self.assertEqual((answer.status, answer.text), (200, "ok\n"))
        # What one call wrote, no other call sees.
        self.apply_command(guests.reads_file("mine"), scratch)
        self.assert_failed()
        self.assertTrue(eventually(lambda: self.server.leftovers() == self.sockets()))

    def sockets(self):
        return [path for path in self.server.leftovers() if path.is_socket()]


if __name__ == "__main__":
    unittest.main()
