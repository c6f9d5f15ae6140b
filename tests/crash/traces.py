"""What a server has on the host besides its files: processes, and groups of sandboxes."""

import os
import pathlib


def started_at(pid):
    """In clock ticks since the host's start."""
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])


class HostTraces:
    """For a ServerTest."""

    def pids_of(self, program):
        return [pid for pid, words in self.server.processes().items() if words[0].endswith("/" + program)]

    @staticmethod
    def networks():
        """Network namespaces that any process of this host is in."""
        found = set()
        for link in pathlib.Path("/proc").glob("[0-9]*/ns/net"):
            try:
                found.add(os.readlink(link))
            except OSError:  # it has just gone
                continue
        return found

    def groups(self):
        """Control groups of sandboxes, of one hierarchy: folder -> its processes."""
        root = pathlib.Path("/sys/fs/cgroup")
        root = root if (root / "cgroup.controllers").exists() else root / "pids"
        found = {}
        for parent in root.iterdir():
            if not parent.name.startswith(f"strata-{self.server.group()}-"):
                continue
            try:
                children = [path for path in parent.iterdir() if path.is_dir()]
            except OSError:  # it has just gone
                continue
            for group in children:
                if group.name == "keeper":  # its own, beside those of its sandboxes
                    continue
                try:
                    processes = (group / "cgroup.procs").read_text()
                except OSError:
                    continue
                found[group] = [int(line) for line in processes.split()]
        return found

    def orphans(self):
        """What is left of keepers that are dead: their names are in the groups' parents."""
        keepers = {word for words in self.server.processes().values() for word in words
                   if word.startswith("--keeper=")}
        return [str(path) for path in self.groups()
                if "--keeper=" + path.parent.name.split("-", 2)[2] not in keepers]
