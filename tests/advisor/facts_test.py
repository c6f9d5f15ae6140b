"""The facts keep to their schemas, and what is embedded into the programs is what the files say.

Runs itself again with the Python of schemathesis' environment (tests/e2e/requirements.txt), which has a JSON
Schema validator and a YAML reader that is not the one which made what is embedded.
"""

import copy
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from again import ROOT, run_again

FACTS = ROOT / "src" / "advisor" / "facts"
FILES = ("concepts", "decisions", "graph", "matrices", "models", "roadmap", "versions")


# How many of each there are in the documents: what is lost is missed. A path ends in a list or a map.
COUNTS = {
    "concepts": {"concepts": 6, "authorities rows": 5, "architecture_concepts rows": 10, "tier_mapping": 4},
    "decisions": {"variables": 14, "trees": 6, "rules": 12, "scenario_table rows": 7, "quick_reference rows": 12,
                  "scenario_map rows": 10, "disagreements": 5},
    "graph": {"diagrams": 26, "relation_types": 9, "relation_matrix": 10, "entities": 60, "entity_edges": 102,
              "learning_paths": 3, "glossary": 94, "document_navigation rows": 42},
    "matrices": {"dimensions dimensions": 8, "matrices": 8, "decision_matrix needs": 4, "domains": 5, "case_studies": 3,
                 "business_cases cases": 3, "selection_flow steps": 5, "best_practices practices": 5,
                 "layer_mapping rows": 4, "ddd_mapping rows": 3, "togaf_mapping rows": 4, "c4_mapping levels": 4,
                 "era_application_matrix rows": 6, "tier_comparison rows": 8, "tier_overheads rows": 4,
                 "kuasar_figures figures": 3, "launch_paradigm rows": 3, "agility rows": 5, "business_models rows": 4,
                 "penetration_forecast tracks": 5, "architecture_paradigms rows": 3, "information_architecture rows": 3},
    "models": {"models": 50, "cross_document_conflicts": 28},
    "roadmap": {"stages": 5, "milestones": 4, "recommendations": 3, "phases": 3, "design_principles principles": 4,
                "risks anti_trends": 4, "risks countermeasures": 3, "dated_forecasts": 10},
    "versions": {"versions": 13, "mappings": 4, "empirical": 9, "document_updates": 4, "technology_attributes": 7,
                 "technology_performance": 6, "evolution_main_line": 6},
}


if __name__ == "__main__":
    run_again(__file__, "schemathesis")

import jsonschema_rs  # noqa: E402
import yaml  # noqa: E402


def read(name):
    return yaml.safe_load((FACTS / f"{name}.yaml").read_text(encoding="utf-8"))


def schema(name):
    return json.loads((FACTS / "schema" / f"{name}.json").read_text(encoding="utf-8"))


def entries(value):
    """Every map in `value`, with its path."""
    stack = [((), value)]
    while stack:
        path, each = stack.pop()
        if isinstance(each, dict):
            yield path, each
            stack += [((*path, key), member) for key, member in each.items()]
        elif isinstance(each, list):
            stack += [((*path, index), member) for index, member in enumerate(each)]


class FactsTest(unittest.TestCase):
    def test_there_is_a_schema_for_each_file_and_no_other(self):
        self.assertEqual(sorted(path.stem for path in FACTS.glob("*.yaml")), list(FILES))
        self.assertEqual(sorted(path.stem for path in (FACTS / "schema").glob("*.json")), list(FILES))

    def test_every_file_keeps_to_its_schema(self):
        for name in FILES:
            with self.subTest(name):
                jsonschema_rs.meta.validate(schema(name))
                problems = jsonschema_rs.validator_for(schema(name)).iter_errors(read(name))
                self.assertEqual([f"{'/'.join(map(str, each.instance_path))}: {each.message}" for each in problems], [])

    def test_the_schemas_refuse_what_is_missing_and_what_nobody_knows(self):
        for name in FILES:
            validator = jsonschema_rs.validator_for(schema(name))
            good = read(name)
            first = next(iter(good))
            with self.subTest(name):
                self.assertFalse(validator.is_valid({key: value for key, value in good.items() if key != first}))
                self.assertFalse(validator.is_valid({**good, "other": 1}))
                self.assertFalse(validator.is_valid({**good, first: "text"}))
        broken = copy.deepcopy(read("matrices"))
        broken["matrices"][0]["rows"]["virtualization"]["isolation_level"]["stars"] = 6
        self.assertFalse(jsonschema_rs.validator_for(schema("matrices")).is_valid(broken))

    def test_what_is_embedded_is_what_another_reader_reads(self):
        source = pathlib.Path(os.environ["STRATA_FACTS_SOURCE"]).read_text(encoding="utf-8")
        embedded = re.findall(r'R"facts\((.*?)\)facts"', source, re.DOTALL)
        self.assertEqual(len(embedded), len(FILES))
        for name, text in zip(FILES, embedded):
            with self.subTest(name):
                self.assertEqual(json.loads(text), read(name))

    def test_what_two_readers_may_take_for_different_things_is_refused_with_its_place(self):
        for text, problem in (("a: N\n", "1:4: neither a JSON value nor a quoted string"),
                              ("a:\n  b: 1_000\n", "2:6: neither a JSON value nor a quoted string"),
                              ("yes: 1\n", "1:1: a key must be a string"),
                              ("a: 1\na: 2\n", "2:1: duplicate key 'a'"),
                              ("a: &b 1\nc: *b\n", "1:4: anchors are not allowed"),
                              ("- 1\n", "not one map"),
                              ("a: x)facts\n", 'contains )facts"')):
            with self.subTest(text), tempfile.TemporaryDirectory() as folder:
                file, out = pathlib.Path(folder) / "bad.yaml", pathlib.Path(folder) / "out.cc"
                file.write_text(text)
                done = subprocess.run([os.environ["STRATA_EMBED_FACTS"], out, file], capture_output=True, text=True,
                                      check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(problem, done.stderr)
                self.assertFalse(out.exists())

    def test_all_191_requirements_of_the_documents_are_listed(self):
        text = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
        numbers = [int(number) for number in re.findall(r"^\| (\d+) \| ", text, re.MULTILINE)]
        self.assertEqual(numbers, list(range(1, 192)))

    def test_nothing_of_the_documents_is_lost(self):
        for name, counts in COUNTS.items():
            for path, count in counts.items():
                found = read(name)
                for key in path.split():
                    found = found[key]
                self.assertEqual(len(found), count, f"{name}: {path}")
        matrices = read("matrices")["matrices"]
        self.assertEqual(sum(len(row) for matrix in matrices for row in matrix["rows"].values()), 270)
        self.assertEqual(sum(len(matrix.get("orderings", [])) for matrix in matrices), 13)
        self.assertEqual(sum(len(matrix.get("statements", [])) for matrix in matrices), 15)
        for matrix in matrices:
            columns = [column["key"] for column in matrix["columns"]]
            for concept, row in matrix["rows"].items():
                self.assertEqual(list(row), columns, f"{matrix['id']}: {concept}")
        checks = [check["agrees"] for model in read("models")["models"] for check in model.get("checks", [])]
        self.assertEqual([len(checks), *(checks.count(verdict) for verdict in (True, False, None))], [108, 46, 47, 15])

    def test_a_sentence_has_its_chinese_beside_it(self):
        # What is written in the facts' own words; formulas, claims and quotations stay as the documents have them.
        sentence = re.compile(r"[a-z]{2,}[,;:]? [a-z]{2,} [a-z]")
        for name, key in (("concepts", "paraphrase"), ("graph", "definition"), ("models", "note"), ("models", "advice")):
            missing = [each[key] for _, each in entries(read(name))
                       if isinstance(each.get(key), str) and sentence.search(each[key]) and f"{key}_zh" not in each]
            self.assertEqual(missing, [], f"{name}: {key}")

    def test_ids_are_one_of_a_kind_in_their_list(self):
        for name in FILES:
            for path, each in entries({"": read(name)}):
                for key, members in each.items():
                    if not isinstance(members, list):
                        continue
                    ids = [member["id"] for member in members if isinstance(member, dict) and "id" in member]
                    self.assertEqual(len(ids), len(set(ids)), f"{name}: {path} {key}")

    def test_what_has_an_english_label_has_a_chinese_one(self):
        for name in FILES:
            for path, each in entries(read(name)):
                if "label" in each and "relation" not in each:
                    self.assertTrue(each.get("zh"), f"{name}: {path}")

    def test_every_matrix_model_diagram_and_path_names_its_source(self):
        for name, key in (("matrices", "matrices"), ("models", "models"), ("graph", "diagrams"),
                          ("graph", "learning_paths"), ("graph", "glossary"), ("concepts", "concepts")):
            for each in read(name)[key]:
                self.assertRegex(each["source"], r"^00[0-4]\b", f"{name}: {each}")


if __name__ == "__main__":
    unittest.main()
