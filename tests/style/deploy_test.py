"""The Helm chart is what deploy/kubernetes/render.py makes of the plain manifests."""

import pathlib
import re
import sys
import unittest

DEPLOY = pathlib.Path(__file__).resolve().parent.parent.parent / "deploy" / "kubernetes"
sys.path.insert(0, str(DEPLOY))

import render  # noqa: E402

SAMPLE = """---
metadata: {namespace: strata-system}
spec:
  # Which one.
  image: a/b:1 # value: image
  replicas: 2 # value: copies
"""


class DeployTest(unittest.TestCase):
    def test_the_chart_is_made_of_the_plain_manifests(self):
        made = render.chart()
        self.assertEqual(made, {name: (DEPLOY / "chart" / name).read_text() for name in made}, "run render.py")
        there = {str(path.relative_to(DEPLOY / "chart")) for path in (DEPLOY / "chart" / "templates").glob("*.yaml")}
        self.assertEqual(there, {name for name in made if name.startswith("templates/")})

    def test_no_node_takes_all_pods_of_a_deployment_with_it(self):
        """They are spread, and a drain takes one at a time."""
        parts = [part for path in (DEPLOY / "plain").glob("*.yaml") for part in path.read_text().split("---\n")]
        deployments = [part for part in parts if "\nkind: Deployment\n" in part]
        self.assertEqual(len(deployments), 2)
        for part in deployments:
            name = re.search(r"^metadata: \{name: ([\w-]+)", part, re.M)[1]
            with self.subTest(name):
                self.assertRegex(part, rf"topologySpreadConstraints:\n(?: {{8,}}.*\n)+ +matchLabels: \{{app: {name}\}}\n")
                budgets = [each for each in parts if "\nkind: PodDisruptionBudget\n" in each and f"matchLabels: {{app: {name}}}" in each]
                self.assertEqual(len(budgets), 1)
                self.assertIn("  maxUnavailable: 1\n", budgets[0])

    def test_pods_of_the_image_go_where_its_programs_run(self):
        for path in (DEPLOY / "plain").glob("*.yaml"):
            images = re.findall(r"^ +image: ", path.read_text(), re.M)
            selectors = re.findall(r"^ +nodeSelector: \{kubernetes.io/os: linux, kubernetes.io/arch: amd64\}", path.read_text(), re.M)
            self.assertEqual(len(selectors), len(images), path.name)

    def test_a_default_becomes_a_value(self):
        template = render.template(SAMPLE)
        self.assertIn("  image: {{ .Values.image | toJson }}\n", template)
        self.assertIn("namespace: {{ .Release.Namespace }}", template)
        self.assertIn("  replicas: {{ .Values.copies | toJson }}\n", template)
        self.assertEqual(render.defaults([SAMPLE, SAMPLE]), "# Which one.\nimage: a/b:1\ncopies: 2\n")

    def test_a_value_has_one_default(self):
        with self.assertRaisesRegex(SystemExit, "copies is 2 and 3"):
            render.defaults([SAMPLE, SAMPLE.replace("replicas: 2", "replicas: 3")])

    def test_a_value_that_there_is_not_is_refused(self):
        self.assertIn("image: mine\n", render.plain({"image": "mine"}))
        with self.assertRaises(SystemExit):
            render.plain({"imgae": "mine"})


if __name__ == "__main__":
    unittest.main()
