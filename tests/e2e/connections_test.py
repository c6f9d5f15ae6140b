"""Thousands of clients that keep their connection and say nothing: nobody else notices, until they are more
than a cell takes."""

import pathlib
import resource
import socket
import struct
import unittest

from e2e.support import ARTIFACTS, PATIENCE, ServerTest, eventually, function, hello

IDLE = 10_000
MOST = 16_384  # http::ServerConfig::max_connections
SPARE = 500  # descriptors for everything else
SOURCES = 16  # addresses that clients come from

REQUEST = b"GET /hello HTTP/1.1\r\nHost: idle.example\r\n\r\n"
END = b"hello, world\n"


def raise_file_limit():
    """Lets this process, and what it starts, hold MOST connections; says why not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(hard, MOST + SPARE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, MOST + SPARE), wanted))
    except (OSError, ValueError) as error:
        return f"only {hard} file descriptors are allowed here: {error}"
    return None


class ConnectionsTest(ServerTest):
    options = ("--cells", "1")  # one process takes them all

    @classmethod
    def setUpClass(cls):
        if reason := raise_file_limit():
            print(f"skipped: {reason}")
            raise unittest.SkipTest(reason)
        super().setUpClass()

    @classmethod
    def prepare(cls):
        cls.server.apply(hello())
        cls.cell, = cls.server.cell_pids()

    def setUp(self):
        self.assertGreaterEqual(self.allowed_files(), MOST + SPARE, "the cell may not hold as many connections as it takes")
        self.clients = []
        self.addCleanup(self.close)

    def close(self):
        for client in self.clients:
            client.close()

    def allowed_files(self):
        limits = pathlib.Path(f"/proc/{self.cell}/limits").read_text()
        return next(int(line.split()[3]) for line in limits.splitlines() if line.startswith("Max open files"))

    def open_on_port(self):
        """Connections that the server's side has not closed, whatever the client's has."""
        port = int(self.server.address.rsplit(":", 1)[1])
        established, half_closed = "01", "08"
        found = 0
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            found += int(local.rsplit(":", 1)[1], 16) == port and state in (established, half_closed)
        return found

    def visit(self):
        """A client that asks once, reads its answer and stays."""
        host, port = self.server.address.rsplit(":", 1)
        number = len(self.clients) % SOURCES
        client = socket.create_connection((host, int(port)), PATIENCE, (f"127.0.0.{2 + number}", 0))
        self.clients.append(client)
        return ask(client)

    def assert_serves_others(self):
        for _ in range(50):
            self.assertEqual(self.server.get("/hello").status, 200)
        self.assertEqual(self.server.api("GET", "/v1/status").status, 200)

    def assert_all_are_forgotten(self):
        """Closes half of the clients properly and resets the others."""
        for number, client in enumerate(self.clients):
            if number % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        self.assertTrue(eventually(lambda: self.open_on_port() == 0), f"{self.open_on_port()} are still open")

    def test_ten_thousand_idle_connections_disturb_nobody(self):
        for _ in range(IDLE):
            self.assertTrue(self.visit().startswith(b"HTTP/1.1 200 "))
        self.assertGreaterEqual(self.open_on_port(), IDLE)
        self.assert_serves_others()
        self.server.apply(function("later", ARTIFACTS / "hello-module.wasm", "/later"))
        self.assertEqual(self.server.get("/later").status, 200)
        for client in self.clients[::100]:  # and they are no worse off themselves
            self.assertTrue(ask(client).startswith(b"HTTP/1.1 200 "))
        self.assert_all_are_forgotten()
        self.assert_serves_others()
        self.assertEqual(self.server.cell_pids(), [self.cell])

    def test_one_connection_too_many_is_told_503_and_the_others_stay(self):
        for _ in range(MOST):
            self.assertTrue(self.visit().startswith(b"HTTP/1.1 200 "))
        refused = self.visit()
        self.assertTrue(refused.startswith(b"HTTP/1.1 503 "), refused)
        self.assertIn(b"Retry-After: 1\r\n", refused)
        self.assertTrue(ask(self.clients[0]).startswith(b"HTTP/1.1 200 "))
        self.assertEqual(self.server.api("GET", "/v1/status").status, 200)
        self.assert_all_are_forgotten()
        self.assert_serves_others()


def ask(client):
    """One request; what was answered until the end of the body or of the connection."""
    client.sendall(REQUEST)
    answer = b""
    while not answer.endswith(END):
        try:
            piece = client.recv(65536)
        except ConnectionResetError:
            break
        if not piece:
            break
        answer += piece
    return answer


if __name__ == "__main__":
    unittest.main()
