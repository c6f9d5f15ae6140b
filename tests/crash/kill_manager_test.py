"""kill -9 of the manager at random moments: nothing acknowledged is lost, no request fails, no orphan stays.

STRATA_SEED repeats a run; STRATA_LONG=1 kills 200 times (STRATA_KILLS: as often as it says).
"""

import http.client
import json
import os
import random
import sys
import threading
import time
import unittest

from crash.load import SteadyClient, SteadyServerTest
from e2e import guests
from e2e.support import eventually, function

SEED = int(os.environ.get("STRATA_SEED", random.SystemRandom().randrange(1 << 32)))
KILLS = int(os.environ.get("STRATA_KILLS", 200 if os.environ.get("STRATA_LONG") else 20))
NAMES = [f"f{number}" for number in range(6)]
ABSENT = None
# Longest pause between the server being up and the kill: applies of every length fall into it.
LONGEST_PAUSE = 0.4
ORPHAN_PATIENCE = 2


def manifests(text):
    return {"files": [{"name": "f.yaml", "dir": "/", "text": text}]}


class Writer:
    """Applies and deletes at random, and knows for each name which states are possible afterwards."""

    def __init__(self, server, choices):
        self.server = server
        self.choices = choices
        self.possible = {name: {ABSENT} for name in NAMES}
        self.acknowledged = 0
        self.unexpected = []
        self.artifacts = 0
        self.turn = threading.Lock()  # held by whoever may talk to the server
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stopping.is_set():
            with self.turn:
                self.change()
            time.sleep(0)

    def artifact(self):
        """One of a few modules, or one that was never compiled before."""
        if self.choices.random() < 0.5:
            self.artifacts += 1
        file = self.server.home / f"m{self.artifacts}.wat"
        file.write_text(guests.web_module("(i64.const 1)", f"(data (i32.const 0) \"{self.artifacts}\")"))
        return file

    def change(self):
        name = self.choices.choice(NAMES)
        if self.choices.random() < 0.3:
            self.ask(name, ABSENT, "DELETE", f"/v1/namespaces/demo/functions/{name}", None, (200, 404))
            return
        timeout = self.choices.randrange(1000, 1_000_000)
        text = json.dumps(function(name, self.artifact(), f"/{name}", limits={"timeout_ms": timeout}))
        self.ask(name, timeout, "POST", "/v1/apply", manifests(text), (200,))

    def ask(self, name, state, method, path, body, good):
        try:
            answer = self.server.api(method, path, body)
        except (OSError, http.client.HTTPException):
            self.possible[name].add(state)  # killed before it answered: both are allowed
            return
        if answer.status in good:
            self.possible[name] = {state}
            self.acknowledged += 1
        else:
            self.unexpected.append(f"{method} {path}: {answer.status} {answer.body[:300]!r}")

    def wrong_names(self):
        """Compares with what the server says, and takes that as the truth from here on."""
        items = json.loads(self.server.api("GET", "/v1/resources?namespace=demo").body)["items"]
        found = {item["metadata"]["name"]: item["spec"]["limits"]["timeout_ms"] for item in items}
        wrong = []
        for name in NAMES:
            state = found.get(name, ABSENT)
            if state not in self.possible[name]:
                wrong.append(f"{name} is {state}, not one of {self.possible[name]}")
            self.possible[name] = {state}
        return wrong


class KillManagerTest(SteadyServerTest):
    SEED, KILLS = SEED, KILLS

    def test_a_killed_manager_loses_nothing_fails_no_request_and_leaves_no_orphan(self):
        address = self.server.address
        client = SteadyClient(self.server, "/steady", b"hello, world\n").start()
        writer = Writer(self.server, random.Random(SEED + 1))
        writer.thread.start()
        back = []
        try:
            for number in range(KILLS):
                with self.subTest(kill=number):
                    time.sleep(self.choices.uniform(0, LONGEST_PAUSE))
                    back.append(self.kill_and_restart())
                    with writer.turn:
                        self.assertEqual(self.server.address, address)
                        self.assertEqual(writer.wrong_names(), [])
                        self.assertEqual(writer.unexpected, [])
                        self.assertTrue(eventually(self.no_orphan, ORPHAN_PATIENCE), self.census())
                    self.assertEqual(client.all_failures(), [])
        finally:
            writer.stopping.set()
            writer.thread.join()
            client.stop()
        self.assertEqual(client.all_failures(), [])
        self.assertGreater(writer.acknowledged, 0)
        print(f"{KILLS} kills, {writer.acknowledged} acknowledged changes, {client.total()} requests without a "
              f"failure; restart took {max(back):.2f} s at most", file=sys.stderr)

    def kill_and_restart(self):
        """Seconds from the kill until the API answers again."""
        start = time.monotonic()
        self.server.kill_manager()
        self.server.up()
        return time.monotonic() - start

    def census(self):
        status = self.server.json("status")
        return {"running": self.server.processes(), "known": [status["pid"], *(c["pid"] for c in status["cells"])]}

    def no_orphan(self):
        census = self.census()
        return set(census["running"]) == set(census["known"])


if __name__ == "__main__":
    unittest.main()
