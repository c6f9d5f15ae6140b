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
    """The chart's template of one file."""
    return with_values(text.replace(NAMESPACE, "{{ .Release.Namespace }}"),
                       lambda name, _: f"{{{{ .Values.{name} | toJson }}}}")


def defaults(texts):
    """The lines of values.yaml. A value may be in several places, always with one default."""
    made, comment = {}, ""
    for line in "\n".join(texts).splitlines():
        if found := VALUE.match(line):
            first = made.setdefault(found["name"], (comment, found["default"]))
            if first[1] != found["default"]:
                raise SystemExit(f"render.py: {found['name']} is {first[1]} and {found['default']}")
        comment = line.strip() + "\n" if line.strip().startswith("#") else ""
    return "".join(f"{comment}{name}: {default}\n" for name, (comment, default) in made.items())


def chart():
    """Path below chart/ -> text, of all that is made. Helm makes the namespace (--create-namespace)."""
    files = {path.name: path.read_text() for path in sorted((HERE / "plain").glob("*.yaml"))}
    made = {f"templates/{name}": template(text) for name, text in files.items() if name != "namespace.yaml"}
    made["values.yaml"] = "# What a release may change. Made by render.py, from plain/.\n" + defaults(files.values())
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
