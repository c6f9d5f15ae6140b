"""Every example answers its recorded requests with its recorded bytes."""

import json
import unittest

from e2e.support import DONE, EXAMPLES, ServerTest


def callable_examples():
    return sorted(file.parent for file in EXAMPLES.glob("*/calls.json"))


class ExamplesTest(ServerTest):
    def test_the_examples_are_many(self):
        self.assertGreaterEqual(len(callable_examples()), 8)


def answers(folder):
    def test(self):
        self.assert_exit(self.server.strata("apply", "-f", str(folder / "function.yaml")), DONE)
        for call in json.loads((folder / "calls.json").read_text()):
            body = (folder / call["body"]).read_bytes() if "body" in call else None
            headers = {"Content-Type": call["content_type"]} if "content_type" in call else {}
            answer = self.server.request(call["method"], call["path"], body=body, headers=headers)
            self.assertEqual(answer.status, call["status"], answer.body[:500])
            self.assertEqual(answer.body, (folder / call["answer"]).read_bytes())

    return test


for each in callable_examples():
    setattr(ExamplesTest, f"test_{each.name.replace('-', '_')}_answers_the_recorded_bytes", answers(each))


if __name__ == "__main__":
    unittest.main()
