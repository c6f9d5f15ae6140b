"""Runs every rule on every file of the tree."""

import collections
import pathlib
import sys
import unittest
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "tools")]

import rules  # noqa: E402
import source_tree  # noqa: E402

# Not written by us, or data of tests: lock files, corpora, golden answers.
NOT_OURS = {".lock", ".sum", ".png", ".wasm", ".wat", ".csv", ".proto", ".json", ".svg", ".ico", ".bin", ".txt"}


def texts():
    for path in source_tree.files():
        if path.suffix in NOT_OURS and path.name != "CMakeLists.txt" or "fuzz" in path.parts and not path.suffix:
            continue
        try:
            yield path, (source_tree.ROOT / path).read_text()
        except UnicodeDecodeError:
            continue


class TreeTest(unittest.TestCase):
    def test_every_folder_of_src_has_a_readme(self):
        folders = {path.parts[1] for path in source_tree.files() if path.parts[0] == "src" and len(path.parts) > 2}
        missing = [name for name in sorted(folders) if not (source_tree.ROOT / "src" / name / "README.md").exists()]
        self.assertEqual(missing, [])

    def test_a_readme_beside_tests_names_each_of_them(self):
        unnamed = []
        for path in source_tree.files():
            readme = source_tree.ROOT / path.parent / "README.md"
            if path.parts[0] == "tests" and path.name.endswith("_test.py") and readme.exists():
                if f"`{path.name}`" not in readme.read_text():
                    unnamed.append(str(path))
        self.assertEqual(unnamed, [])

    def test_every_relative_link_in_a_page_resolves(self):
        problems = [f"{path}: {problem}" for path, text in texts()
                    for problem in rules.links(path, text, source_tree.ROOT)]
        self.assertEqual(problems, [], "\n".join(problems))

    def test_folders_stay_small(self):
        """A warning, not a failure: splitting needs a meaning, which a count cannot give."""
        sizes = collections.Counter(path.parent for path in source_tree.cxx_files()
                                    if path.parts[0] == "src" and not rules.is_test(path))
        for folder, count in sorted(sizes.items()):
            # A header and its source are one file to a reader.
            if count > 2 * rules.FOLDER_FILES:
                warnings.warn(f"{folder} has {count} files: does it hold two things?", stacklevel=1)


def add_rule(rule):
    def test(self):
        problems = [f"{path}: {problem}" for path, text in texts() for problem in rule(path, text)]
        self.assertEqual(problems, [], "\n" + "\n".join(problems))

    setattr(TreeTest, f"test_tree_keeps_rule_{rule.__name__}", test)


for each in rules.RULES:
    add_rule(each)

if __name__ == "__main__":
    unittest.main()
