#!/usr/bin/env python3
"""The Helm chart from the plain manifests, which are its source: render.py writes chart/templates and
chart/values.yaml; `render.py NAME=VALUE ...` prints the plain manifests with other values instead.

A line of plain/*.yaml that ends in `# value: NAME` holds a default that a chart may change; the comment above it
says what it is. The namespace strata-system is the release's in the chart.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
NAMESPACE = "strata-system"
VALUE = re.compile(r"^(?P<head>\s*(?:- )?\w+: )(?P<default>.+?) # value: (?P<name>\w+)$")
NAMESPACE_OBJECT = re.compile(rf"---\napiVersion: v1\nkind: Namespace\nmetadata: \{{name: {NAMESPACE}\}}\n")


def with_values(text, value_of):
    """`text` with each default replaced by `value_of(name, default)`."""
    lines = []
    for line in text.splitlines():
        found = VALUE.match(line)
        lines.append(found["head"] + value_of(found["name"], found["default"]) if found else line)
    return "\n".join(lines) + "\n"


def plain(values):
    """All manifests but the kinds', with `values` (name -> text) in the place of defaults."""
    texts = [path.read_text() for path in sorted((HERE / "plain").glob("*.yaml"))]
    known = {found["name"] for text in texts for found in map(VALUE.match, text.splitlines()) if found}
    if unknown := set(values) - known:
        raise SystemExit(f"render.py: no value {', '.join(sorted(unknown))}; there is {', '.join(sorted(known))}")
    return "".join(with_values(text, lambda name, default: values.get(name, default)) for text in texts)


def template(text):
    """The chart's template of one file. Helm makes the namespace (--create-namespace)."""
    text = NAMESPACE_OBJECT.sub("", text).replace(NAMESPACE, "{{ .Release.Namespace }}")
    return with_values(text, lambda name, _: f"{{{{ .Values.{name} | quote }}}}")


def defaults(text):
    """The lines of values.yaml for one file."""
    made, comment = [], ""
    for line in text.splitlines():
        if found := VALUE.match(line):
            made += [comment] * bool(comment) + [f"{found['name']}: {found['default']}"]
        comment = line.strip() if line.strip().startswith("#") else ""
    return "".join(line + "\n" for line in made)


def chart():
    """Path below chart/ -> text, of all that is made."""
    files = {path.name: path.read_text() for path in sorted((HERE / "plain").glob("*.yaml"))}
    made = {f"templates/{name}": template(text) for name, text in files.items()}
    made["values.yaml"] = "# What a release may change. Made by render.py, from plain/.\n" + "".join(
        map(defaults, files.values()))
    return made


def main():
    if sys.argv[1:] == ["--help"]:
        print(__doc__)
    elif sys.argv[1:]:
        sys.stdout.write(plain(dict(word.split("=", 1) for word in sys.argv[1:])))
    else:
        for name, text in chart().items():
            path = HERE / "chart" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)


if __name__ == "__main__":
    main()
