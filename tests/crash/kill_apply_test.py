"""kill -9 of the manager while a slow artifact is compiled: the apply happened wholly, or not at all."""

import json
import os
import random
import subprocess
import sys
import time
import unittest

from e2e.support import BIN, DONE, EXAMPLES, Server, eventually, hello

SEED = int(os.environ.get("STRATA_SEED", random.SystemRandom().randrange(1 << 32)))
KILLS = int(os.environ.get("STRATA_KILLS", 40 if os.environ.get("STRATA_LONG") else 5))
EXAMPLE = EXAMPLES / "csvsql"


class KillApplyTest(unittest.TestCase):
    def test_a_cut_apply_is_wholly_there_or_wholly_absent(self):
        print(f"seed {SEED}, {KILLS} kills (STRATA_SEED={SEED} repeats it)", file=sys.stderr)
        choices = random.Random(SEED)
        whole = self.seconds_of_an_apply()
        there = 0
        for number in range(KILLS):
            with self.subTest(kill=number):
                there += self.cut_apply(choices.uniform(0, 1.5 * whole))
        print(f"{KILLS} kills during an apply of {whole:.2f} s: {there} there, {KILLS - there} absent", file=sys.stderr)

    def start(self):
        server = Server().up()
        server.apply(hello("neighbour", "/neighbour"))
        return server

    def begin_apply(self, server):
        command = [str(BIN / "strata"), "--home", str(server.home), "apply", "-f", str(EXAMPLE / "function.yaml")]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def seconds_of_an_apply(self):
        server = self.start()
        start = time.monotonic()
        self.assertEqual(self.begin_apply(server).wait(), DONE)
        seconds = time.monotonic() - start
        self.assertEqual(server.end(), [])
        return seconds

    def cut_apply(self, delay):
        """Kills the manager after `delay`; whether the function is there afterwards."""
        server = self.start()
        try:
            apply = self.begin_apply(server)
            time.sleep(delay)
            server.kill_manager()
            acknowledged = apply.wait() == DONE
            self.assertEqual(server.get("/neighbour").status, 200)
            server.up()
            there = "Function/demo/csvsql" in server.resources()
            self.assertTrue(there or not acknowledged, "an acknowledged apply is lost")
            call = json.loads((EXAMPLE / "calls.json").read_text())[0]
            answer = self.call(server, call)
            if there:
                self.assertEqual((answer.status, answer.body), (200, (EXAMPLE / call["answer"]).read_bytes()))
                self.assertTrue(server.json("-n", "demo", "describe", "function", "csvsql")["status"]["revisions"])
            else:
                self.assertEqual(answer.status, 404)
            self.assertEqual(server.get("/neighbour").status, 200)
            # The compiler of the dead manager is no longer there.
            self.assertTrue(eventually(lambda: len(server.processes()) == 1 + len(server.cell_pids()), 2),
                            server.processes())
            return there
        finally:
            self.assertEqual(server.end(), [])

    def call(self, server, call):
        headers = {"Content-Type": call["content_type"]} if "content_type" in call else {}
        return server.request(call["method"], call["path"], body=(EXAMPLE / call["body"]).read_bytes(), headers=headers)


if __name__ == "__main__":
    unittest.main()
