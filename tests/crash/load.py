"""Clients that go on calling while something is killed, and remember every call that failed; the server that they call."""

import http.client
import random
import sys
import threading
import unittest

from e2e.support import Server, hello


class SteadyClient:
    """Calls one path over keep-alive connections, one thread each, from start() to stop()."""

    def __init__(self, server, path, expected, connections=1):
        self.server = server
        self.path = path
        self.expected = expected
        self.answered = [0] * connections
        self.failures = [[] for _ in range(connections)]
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(index,)) for index in range(connections)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def fits(self, body):
        return body == self.expected

    def total(self):
        return sum(self.answered)

    def all_failures(self):
        return [failure for each in self.failures for failure in each]

    def run(self, index):
        connection = self.server.connect()
        while not self.stopping.is_set():
            try:
                connection.request("GET", self.path)
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200 or not self.fits(body):
                    self.failures[index].append(f"{answer.status} {body[:200]!r}")
                self.answered[index] += 1
            except (OSError, http.client.HTTPException) as error:
                self.failures[index].append(repr(error))
                connection.close()
                connection = self.server.connect()
        connection.close()


class SteadyServerTest(unittest.TestCase):
    """A server with one function at /steady, killed at moments that SEED repeats."""

    SEED = 0
    KILLS = 0
    OPTIONS = ()

    def setUp(self):
        print(f"seed {self.SEED}, {self.KILLS} kills (STRATA_SEED={self.SEED} repeats it)", file=sys.stderr)
        self.choices = random.Random(self.SEED)
        self.server = Server(*self.OPTIONS).up()
        self.addCleanup(lambda: self.assertEqual(self.server.end(), []))
        self.server.apply(hello("steady", "/steady"))
