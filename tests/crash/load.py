"""Clients that go on calling while something is killed, and remember every call that failed."""

import http.client
import threading


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
