"""Manifests that attack the reader or reach for what they must not."""

import unittest

from e2e.support import UNSUPPORTED, USAGE, ServerTest, documents, hello

ALIAS_BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(letter)}: &{chr(letter)} [*{chr(letter - 1)}, *{chr(letter - 1)}]\n" for letter in range(98, 123))


class BadManifestTest(ServerTest):
    @classmethod
    def prepare(cls):
        cls.server.apply(hello("neighbour", "/neighbour"))

    def tearDown(self):
        self.assertEqual(self.server.get("/neighbour").status, 200)
        self.assertEqual(self.server.resources(), ["Function/demo/neighbour"])

    def refuse(self, text, *words):
        self.assert_exit(self.server.strata("apply", "-f", "-", stdin=text), USAGE, *words)

    def test_a_manifest_over_4_mib_is_refused(self):
        self.refuse("# " + "x" * (5 << 20) + "\n" + documents(hello()))

    def test_a_manifest_over_4_mib_is_refused_by_the_server_too(self):
        text = "# " + "x" * (5 << 20) + "\n" + documents(hello())
        answer = self.server.api("POST", "/v1/apply",
                                 {"files": [{"name": "big.yaml", "dir": "/", "text": text}]})
        self.assertEqual(answer.status, 400)
        self.assertIn("too large", answer.text)

    def test_a_yaml_alias_bomb_is_refused(self):
        self.refuse(ALIAS_BOMB, "standard input:1:4", "anchor")

    def test_deep_nesting_is_refused(self):
        self.refuse("[" * 100_000 + "]" * 100_000)

    def test_a_manifest_that_is_no_utf_8_or_has_control_characters_is_refused(self):
        self.refuse(documents(hello()).replace("hello", "hel\x07lo"))

    def test_what_is_quoted_of_a_manifest_is_escaped_once(self):
        refused = self.server.strata("apply", "-f", "-", stdin=documents({**hello(), "\x1b[2J\\": 1}))
        self.assert_exit(refused, USAGE, r"'\x1b[2J\'")
        self.assertNotIn(r"\\", refused.stderr)

    def test_path_traversal_in_a_route_is_refused(self):
        for path in ("/../etc", "/a/%2e%2e/b", "/a//b", "a/b", "/a?b", "/a\\..\\b", "/./a"):
            self.refuse(documents(hello(path=path)), "path")

    def test_path_traversal_in_the_guests_side_of_a_grant_is_refused(self):
        for guest in ("/data/../..", "data", "/a//b", "/./a"):
            self.refuse(documents(hello(grants={"dirs": [{"host": "/tmp", "guest": guest, "mode": "ro"}]})), "guest")

    def test_grants_that_are_no_exact_host_and_port_are_refused(self):
        for target in ("*:443", "*.com:1", "example.com", "example.com:0", "example.com:99999", "http://a.com:80"):
            self.refuse(documents(hello(grants={"http": [target]})), "http")

    def test_a_writable_directory_of_the_host_cannot_be_granted(self):
        self.refuse(documents(hello(grants={"dirs": [{"host": "/tmp", "guest": "/data", "mode": "rw"}]})), "mode")

    def test_a_directory_for_a_guest_that_has_no_files_is_refused(self):
        grant = {"host": "/tmp", "guest": "/data", "mode": "ro"}
        done = self.server.strata("apply", "-f", "-", stdin=documents(hello(grants={"dirs": [grant]})))
        self.assert_exit(done, UNSUPPORTED, "bare module")

    def test_more_table_elements_than_any_sandbox_has_are_refused(self):
        self.refuse(documents(hello(limits={"table_elements": 20_001})), "table_elements", "20000")

    def test_a_directory_that_is_not_there_is_refused(self):
        grant = {"host": "/nonexistent/dir", "guest": "/data", "mode": "ro"}
        self.refuse(documents(hello(grants={"dirs": [grant]})), "/nonexistent/dir")


if __name__ == "__main__":
    unittest.main()
