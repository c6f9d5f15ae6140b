#!/usr/bin/env python3
"""Writes the part of docs/commands.md that programs say of themselves: tools/reference.py [BIN]."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "commands.md"
MARK = "tests/e2e/reference_test.py. -->\n"  # ends what is written by hand

# Those with options for people; what the others take is their callers' business.
PROGRAMS = {
    "stratad": "The server. `strata up` gives it what it needs; what stands behind `--` comes here.",
    "strata-operator": "Makes a Kubernetes cluster as our resources say ([Kubernetes](kubernetes.md)).",
    "strata-activator": "Stands on a cluster before Services whose replicas follow their load.",
}


def said(program: pathlib.Path, *words: str) -> str:
    """Help that no variable and no server of this host has a part in."""
    done = subprocess.run([str(program), *words], env={"HOME": "/", "PATH": "/usr/bin:/bin"}, capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, timeout=60, check=True)
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines()) + "\n"


def verbs(help_text: str) -> list[str]:
    """Of the last part of a help, one a line; lines that begin further right go on with the one before."""
    _, found, below = help_text.partition("\nSubcommands:\n")
    return re.findall(r"^  (\S+)", below.partition("\n\n")[0], re.MULTILINE) if found else []


def chapters(strata: pathlib.Path, path: tuple[str, ...] = (), shared: str = ""):
    """(words, help) of `strata` and of each verb, as they are listed; without the end that a verb shares with `strata`."""
    text = said(strata, "help", *path)
    yield path, text.removesuffix(shared).rstrip() + "\n"
    if not path:
        shared = text[text.index("Start here:\n"):]
    for verb in verbs(text):
        yield from chapters(strata, (*path, verb), shared)


def block(text: str) -> str:
    return f"```text\n{text}```\n"


def generated(folder: pathlib.Path) -> str:
    page = ""
    for words, text in chapters(folder / "strata"):
        page += f"\n{'###' if words else '##'} {' '.join(('strata', *words))}\n\n{block(text)}"
    for name, about in PROGRAMS.items():
        page += f"\n## {name}\n\n{about}\n\n{block(said(folder / name, '--help'))}"
    return page


def main() -> None:
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "release" / "bin"
    head, mark, _ = PAGE.read_text().partition(MARK)
    PAGE.write_text(head + mark + generated(folder.resolve()))


if __name__ == "__main__":
    main()
