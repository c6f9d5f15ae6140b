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

    def test_an_option_before_its_verb_is_shown_its_place(self):
        self.assert_refused(["-f", "apply.yaml", "apply"], "-f belongs behind its verb: strata apply -f",
                            "see 'strata apply --help'")
        self.assert_refused(["--tail", "5", "logs", "web"], "--tail belongs behind its verb: strata logs --tail")
        self.assert_refused(["-f", "logs", "web"], "-f belongs behind its verb: strata logs -f")
        self.assert_refused(["rollout", "--deadline=5", "start", "web"],
                            "--deadline belongs behind its verb: strata rollout start --deadline")
        self.assert_refused(["--tail", "5", "get"], "--tail belongs behind a verb that has it: strata logs")
        self.assert_refused(["--upside-down", "5", "logs", "web"], "not expected: --upside-down")

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

    def test_bash_knows_of_each_verb_which_options_take_a_word(self):
        self.assertIn("--listen", self.offered("strata up -d --"))
        self.assertIn("--tail", self.offered("strata logs -f --"))
        self.assertEqual(self.offered("strata invoke -d --"), [])

    def test_bash_offers_global_options_behind_every_verb(self):
        self.assertIn("--namespace", self.offered("strata get --"))
        self.assertIn("-o", self.offered("strata rollout start -"))
        self.assertNotIn("--namespace", self.offered("strata rollout "))

    def test_bash_offers_verbs_behind_help(self):
        self.assertEqual(self.offered("strata help roll"), ["rollout"])
        self.assertIn("start", self.offered("strata help rollout "))

    def test_bash_offers_the_words_that_are_taken(self):
        self.assertEqual(self.offered("strata -o j"), ["json"])
        self.assertEqual(self.offered("strata get --output = ya"), ["yaml"])  # what bash makes of --output=ya
        self.assertIn("csv", self.offered("strata compare --output ="))
        self.assertEqual(self.offered("strata completion b"), ["bash"])
        self.assertEqual(self.offered("strata simulate --policy all-m"), ["all-microvm"])

    def test_zsh_is_asked_for_nothing_that_only_bash_has(self):
        script = strata("completion", "zsh").stdout
        for word in ("mapfile", "local path", "local words"):
            self.assertNotIn(word, script)

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_offers_the_same(self):
        # As its adapter for bash's completions calls them; `compdef` is of the interactive shell.
        script = ("compdef() { :; }\n" + strata("completion", "zsh").stdout
                  + "emulate sh\nsetopt kshglob noshglob braceexpand\nbefore=$PATH\n"
                  + "COMP_WORDS=(strata -n demo up -d --)\nCOMP_CWORD=5\n_strata\n"
                  + '[ "$PATH" = "$before" ] && printf "%s\\n" "${COMPREPLY[@]}"\n')
        done = subprocess.run(["zsh", "-f", "-c", script], capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr, "")
        self.assertIn("--listen", done.stdout.split())

    def test_fish_offers_files_to_options_that_take_any_word(self):
        lines = strata("completion", "fish").stdout.splitlines()
        apply = [line for line in lines if "seen_subcommand_from apply" in line and "-l file" in line]
        self.assertEqual([" -r -F" in line for line in apply], [True])

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
