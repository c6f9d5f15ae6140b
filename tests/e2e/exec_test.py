"""strata exec: streams as they come, a terminal, and what becomes of a program whose client goes away."""

import fcntl
import os
import pathlib
import pty
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

from e2e.api_tls_test import Authority, listen_options
from e2e.images import guest_image
from e2e.support import BIN, DONE, NOT_FOUND, PATIENCE, USAGE, ServerTest, eventually, function, of_class

CLASSES = ("container", "appkernel", "microvm", "container-in-microvm")


class AtTerminal:
    """`strata exec -it` at a terminal of ours."""

    def __init__(self, server, service, *command, options=()):
        self.outer, inner = pty.openpty()
        self.resize(33, 77)
        self.before = termios.tcgetattr(inner)
        self.inner = inner
        self.screen = b""
        self.process = subprocess.Popen(
            [BIN / "strata", "--home", server.home, *options, "exec", "-it", service, "--", *command], stdin=inner,
            stdout=inner, stderr=inner, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def resize(self, rows, columns):
        fcntl.ioctl(self.outer, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def shows(self, words):
        end = time.monotonic() + PATIENCE
        while words not in self.screen and time.monotonic() < end:
            if select.select([self.outer], [], [], 0.1)[0]:
                self.screen += os.read(self.outer, 4096)
        return words in self.screen

    def type(self, keys):
        os.write(self.outer, keys)

    def is_as_before(self):
        return termios.tcgetattr(self.inner) == self.before

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.outer)
        os.close(self.inner)


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class ExecTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-exec."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        ca = Authority(cls.folder, "ours")
        cls.remote = ca.issue("alice", "clientAuth"), ca.file
        cls.options = listen_options(*ca.issue("server", "serverAuth"), ca.file)
        super().setUpClass()

    @classmethod
    def prepare(cls):
        image = guest_image(cls.folder / "image", "serve")
        for name in CLASSES:
            manifest = function(f"in-{name}", f"oci:{image.path}", f"/in-{name}", "default", **of_class(name))
            cls.server.apply({**manifest, "kind": "Service"})

    def at_terminal(self, service, *command, options=()):
        terminal = AtTerminal(self.server, service, "/bin/guest", *command, options=options)
        self.addCleanup(terminal.close)
        return terminal

    def guests(self, service):
        """How many of its programs run in the sandbox, this one included."""
        return int(self.server.strata("exec", service, "--", "/bin/guest", "processes").stdout)

    def test_a_terminal_is_there_in_every_class(self):
        for name in CLASSES:
            with self.subTest(name):
                self.check_terminal(self.at_terminal(f"in-{name}", "terminal"))

    def test_a_terminal_is_there_over_https(self):
        (certificate, key), ca = self.remote
        url = f"https://{self.server.json('status')['apiListen']}"
        self.check_terminal(self.at_terminal("in-container", "terminal", options=(
            "--api", url, "--api-cert", certificate, "--api-key", key, "--api-ca", ca)))

    def check_terminal(self, terminal):
        self.assertTrue(terminal.shows(b"size 33x77\r\n"), terminal.screen)
        terminal.type(b"typed")
        self.assertTrue(terminal.shows(b"typed"), terminal.screen)
        terminal.resize(11, 22)
        self.assertTrue(terminal.shows(b"size 11x22\r\n"), terminal.screen)
        terminal.type(b"\x03")
        self.assertTrue(terminal.shows(b"interrupted\r\n"), terminal.screen)
        self.assertFalse(terminal.is_as_before())
        terminal.type(b"\nexit\n")
        self.assertEqual(terminal.process.wait(PATIENCE), 5)
        self.assertTrue(terminal.is_as_before())

    def test_a_terminal_is_as_before_after_a_signal(self):
        terminal = self.at_terminal("in-container", "terminal")
        self.assertTrue(terminal.shows(b"size"))
        terminal.process.send_signal(signal.SIGTERM)
        self.assertEqual(terminal.process.wait(PATIENCE), 128 + signal.SIGTERM)
        self.assertTrue(terminal.is_as_before())

    def test_a_client_that_goes_away_ends_its_program(self):
        for name in CLASSES:
            with self.subTest(name):
                before = self.guests(f"in-{name}")
                terminal = self.at_terminal(f"in-{name}", "stubborn")
                self.assertTrue(terminal.shows(b"ready"), terminal.screen)
                self.assertEqual(self.guests(f"in-{name}"), before + 2)
                terminal.process.kill()
                self.assertTrue(eventually(lambda n=name, b=before: self.guests(f"in-{n}") == b))

    def test_a_manager_that_dies_ends_the_programs_of_its_clients(self):
        before = self.guests("in-container")
        terminal = self.at_terminal("in-container", "stubborn")
        self.assertTrue(terminal.shows(b"ready"), terminal.screen)
        self.server.kill_manager()
        self.assertNotEqual(terminal.process.wait(PATIENCE), 0)
        self.assertTrue(terminal.is_as_before())
        self.server.up()
        self.assertTrue(eventually(lambda: self.guests("in-container") == before))

    def test_streams_pass_as_they_come(self):
        for name in CLASSES:
            with self.subTest(name):
                echo = subprocess.Popen([BIN / "strata", "--home", self.server.home, "exec", "-i", f"in-{name}", "--",
                                         "/bin/guest", "echo"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                self.addCleanup(echo.kill)
                for word in (b"one", b"two"):
                    echo.stdin.write(word)
                    echo.stdin.flush()
                    self.assertEqual(echo.stdout.read(len(word)), word)
                echo.stdin.close()
                self.assertEqual((echo.stdout.read(), echo.wait(PATIENCE)), (b"", 0))
                echo.stdout.close()

    def test_output_and_errors_are_apart(self):
        done = self.server.strata("exec", "in-container", "--", "/bin/guest", "log")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (DONE, "hello", "a line\n"))

    def test_a_program_that_is_not_there_or_is_none_ends_as_in_a_shell(self):
        for name in CLASSES:
            with self.subTest(name):
                absent = self.server.strata("exec", f"in-{name}", "--", "absent")
                self.assert_exit(absent, 127, "strata: there is no such program in the sandbox", "absent")
                self.assert_exit(self.server.strata("exec", f"in-{name}", "--", "/bin"), 126,
                                 "strata: it cannot be run as a program")
        absent = self.server.strata("exec", "in-container", "--sandbox", "absent", "--", "/bin/guest", "hello")
        self.assert_exit(absent, NOT_FOUND, "in-container has no sandbox absent")

    def test_words_may_have_lines_and_be_many(self):
        value = "two\nlines " + "x" * 40_000
        done = self.server.strata("exec", "-e", f"LONG={value}", "in-container", "--", "/bin/guest", "getenv", "LONG")
        self.assertEqual(done.stdout, value)

    def test_what_is_no_terminal_is_not_taken_for_one(self):
        refused = self.server.strata("exec", "-it", "in-container", "--", "/bin/guest", "terminal")
        self.assert_exit(refused, USAGE, "-t needs -i and a terminal")

    def test_whoever_speaks_no_websocket_is_told(self):
        path = "/v1/namespaces/default/services/in-container/exec"
        answer = self.server.api("GET", f"{path}?command=/bin/guest")
        self.assertEqual(answer.status, 400)
        self.assertIn("v5.channel.k8s.io", answer.text)
        self.assertIn("command", self.server.api("GET", path).text)


if __name__ == "__main__":
    unittest.main()
