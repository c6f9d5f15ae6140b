"""How a server starts, and what is said of one that does not."""

import pathlib
import shutil
import unittest

from e2e.support import USAGE, WRONG_STATE, Server, ServerTest, hello


class UpTest(ServerTest):
    @classmethod
    def prepare(cls):
        cls.server.apply(hello())

    def other(self):
        server = Server()
        self.addCleanup(shutil.rmtree, server.home)
        return server

    def test_a_port_that_another_server_has_is_refused_and_not_shared(self):
        other = self.other()
        done = other.strata("up", "-d", "--listen", self.server.address)
        if done.returncode == 0:
            other.down()
        self.assert_exit(done, WRONG_STATE, "the address is in use")
        for _ in range(20):  # by the kernel's hash about half of them would go elsewhere
            self.assertEqual(self.server.get("/hello").status, 200)

    def test_the_reason_is_of_this_start_and_not_of_one_before(self):
        other = self.other()
        self.assert_exit(other.strata("up", "-d", "--listen", "localhost:0"), USAGE, "is not a numeric IP address")
        for words in (("--nix",), ("--cells=x",), ("foo",)):
            done = other.strata("up", "-d", "--listen", "127.0.0.1:0", "--", *words)
            self.assert_exit(done, USAGE, words[0].partition("=")[0])
            self.assertNotIn("localhost", done.stderr)

    def test_the_exit_code_is_the_same_in_the_foreground(self):
        other = self.other()
        for words in (("--listen", "foo"), ("--listen", "127.0.0.1:0", "--", "--cells=x")):
            self.assert_exit(other.strata("up", *words), USAGE)
            self.assert_exit(other.strata("up", "-d", *words), USAGE)
        for words in ((), ("-d",)):
            self.assert_exit(self.server.strata("up", *words, "--listen", "127.0.0.1:0"), WRONG_STATE)

    def test_that_it_has_stopped_is_told_to_programs_too(self):
        other = self.other().up()
        self.assertEqual(other.json("down"), {"action": "stopped", "kind": "server"})

    def test_relative_paths_after_the_dashes_are_the_callers(self):
        other = self.other()
        folder = pathlib.Path(other.home) / "here"
        folder.mkdir()
        names = ("server.pem", "server.key", "clients.pem")
        for name in names:
            (folder / name).write_text("noise\n")
            (folder / name).chmod(0o600)
        options = [f"--{option}={name}" for option, name in zip(("api-cert", "api-key", "api-client-ca"), names)]
        done = other.strata("up", "-d", "--listen", "127.0.0.1:0", "--", "--api-listen=127.0.0.1:0", *options,
                            cwd=folder)
        self.assertNotIn("No such file", done.stderr)
        self.assert_exit(done, USAGE, "no usable")


if __name__ == "__main__":
    unittest.main()
