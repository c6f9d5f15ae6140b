"""The command line itself, without a server: what it says of wrong words, completions, the manual."""

import shlex
import shutil
import subprocess
import unittest

from e2e.support import BIN, DONE, USAGE

NOWHERE = "/nonexistent/strata"


def strata(*words):
    return subprocess.run([str(BIN / "strata"), "--home", NOWHERE, *words], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=False)


class WrongWordsTest(unittest.TestCase):
    def assert_refused(self, words, *said):
        done = strata(*words)
        self.assertEqual((done.returncode, done.stdout), (USAGE, ""), done.stderr)
        self.assertTrue(done.stderr.startswith("strata: "), done.stderr)
        for text in said:
            self.assertIn(text, done.stderr)

    def test_a_verb_is_suggested_also_behind_options_and_below_a_verb(self):
        self.assert_refused(["aply", "-f", "x"], "no verb 'aply'; did you mean 'apply'?", "see 'strata --help'")
        self.assert_refused(["-n", "demo", "aply", "-f", "x"], "did you mean 'apply'?")
        self.assert_refused(["--output=json", "aply"], "did you mean 'apply'?")
        self.assert_refused(["rollout", "strt", "web"], "'strata rollout' has no verb 'strt'; did you mean 'start'?",
                            "see 'strata rollout --help'")

    def test_where_none_is_near_all_are_named(self):
        self.assert_refused(["graph", "qqqqqq"], "'strata graph' has no verb 'qqqqqq'; there are ", "neighbours")
        self.assert_refused(["sandbox"], "'strata sandbox' needs one of its verbs: ", "create")
        self.assert_refused([], "'strata' needs one of its verbs: up, down, apply")

    def test_what_is_too_much_is_named_in_the_order_it_came(self):
        self.assert_refused(["version", "--one", "two"], "not expected: --one two")

    def test_help_is_a_verb(self):
        for words in (("rollout", "start"), ("get",), ()):
            asked, option = strata("help", *words), strata(*words, "--help")
            self.assertEqual((asked.returncode, asked.stdout), (DONE, option.stdout), words)
        self.assert_refused(["help", "rollout", "strt"], "did you mean 'start'?")


class CompletionTest(unittest.TestCase):
    def offered(self, line):
        """What bash offers at the end of `line`."""
        words = line.split(" ")
        script = (strata("completion", "bash").stdout
                  + f"COMP_WORDS=({' '.join(map(shlex.quote, words))})\nCOMP_CWORD={len(words) - 1}\n_strata\n"
                  + 'printf "%s\\n" "${COMPREPLY[@]}"\n')
        done = subprocess.run(["bash", "--norc"], input=script, capture_output=True, text=True, check=True)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_bash_offers_verbs_wherever_options_stand(self):
        self.assertIn("rollout", self.offered("strata ro"))
        self.assertIn("apply", self.offered("strata -n demo ap"))
        self.assertIn("apply", self.offered("strata --home /x -o json ap"))

    def test_bash_offers_what_is_below_a_verb(self):
        self.assertIn("start", self.offered("strata rollout "))
        self.assertIn("--deadline", self.offered("strata rollout start --d"))
        self.assertNotIn("--deadline", self.offered("strata get --"))

    def test_bash_offers_the_words_that_are_taken(self):
        self.assertEqual(self.offered("strata completion b"), ["bash"])
        self.assertEqual(self.offered("strata simulate --policy all-m"), ["all-microvm"])

    def test_fish_reads_every_line(self):
        script = strata("completion", "fish").stdout
        for line in script.splitlines():
            # A quote within is written with a backslash: fish has no other way, sh has it between two words.
            words = shlex.split(line.replace("\\'", ""))
            self.assertEqual(words[:3], ["complete", "-c", "strata"], line)
        self.assertIn("__fish_seen_subcommand_from rollout; and __fish_seen_subcommand_from start", script)
        if shutil.which("fish"):
            checked = subprocess.run(["fish", "-n"], input=script, capture_output=True, text=True, check=False)
            self.assertEqual((checked.returncode, checked.stderr), (0, ""))


class ManualTest(unittest.TestCase):
    def test_it_has_the_verbs_below_a_verb(self):
        page = strata("man").stdout
        self.assertIn(".SS rollout start\n", page)
        self.assertIn("\\-\\-deadline", page)
        self.assertIn("strata graph path Docker WasmEdge", page)


if __name__ == "__main__":
    unittest.main()
