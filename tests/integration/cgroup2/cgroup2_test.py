"""Control groups of version 2, and containers in them, where a kernel has nothing else.

This machine's own groups may be of either version. So the tests that were built here are booted with
Debian's cloud kernel in an emulated machine: its root is a disk with the programs, their libraries and runc,
all of this host's, its only control groups are a cgroup2 mount. The disk is ext4, which that kernel (6.1) can
show to the users of containers; it cannot a memory file. What each test said is judged.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ["STRATA_BIN"])
QEMU = "/usr/bin/qemu-system-x86_64"
TOOLS = ("/bin/sh", "/bin/mount", "/bin/sleep", "/bin/true", "/usr/bin/head", "/usr/bin/tr", "/usr/sbin/insmod",
         "/usr/sbin/chroot")
RUNTIME = "/usr/sbin/runc"
PATIENCE = 800  # seconds; it takes some 80 on an idle machine

# Every way in which a container's group matters, and the life cycle; the other cases are the class's own.
CONTRACT = ("TheDriverKnows*", "CreateInvokeDestroy", "ASandboxKeepsItsState*", "ATrap*", "TheDeadline*",
            "StopEndsAGuestThat*", "CpuTimeIsLimited", "MemoryIsLimited", "AnExitCodeIsAResult",
            "UsageAddsUp", "ProgramsRunBesideAServer", "APausedServer*", "AServerIsReachedAtItsPort",
            "NoCallStartsAThread*")


def kernel():
    """The newest cloud kernel's version, or None."""
    found = sorted(pathlib.Path("/boot").glob("vmlinuz-*-cloud-amd64"))
    return found[-1].name.removeprefix("vmlinuz-") if found else None


def obstacle():
    for path in (QEMU, RUNTIME, "/usr/bin/cpio", "/usr/bin/strip"):
        if not os.access(path, os.X_OK):
            return f"{path} is not installed"
    return None if kernel() else "no cloud kernel is installed"


def modules(version, name):
    """Files of a module and of what it needs, in the order of loading."""
    folder = pathlib.Path("/lib/modules") / version
    for line in (folder / "modules.dep").read_text().splitlines():
        module, _, needed = line.partition(":")
        if pathlib.Path(module).name == name:
            return [folder / each for each in (*reversed(needed.split()), module)]
    raise AssertionError(f"kernel {version} has no {name}")


class Root:
    """The machine's first root, in a folder."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("new", "dev", "proc", "sys", "tmp", "scratch", "etc", "root", "usr/bin", "usr/sbin", "usr/lib",
                     "usr/lib64"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("bin", "sbin", "lib", "lib64"):
            (folder / name).symlink_to("usr/" + name)
        (folder / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")

    def take(self, path):
        """A file of this host, at the same place."""
        target = self.folder / str(path).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copy(path, target)

    def take_program(self, path):
        self.take(path)
        listed = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=False).stdout
        for library in re.findall(r"(/\S+) \(0x", listed):
            self.take(library)

    def format(self, file):
        """The same as a disk, with room for what the tests write."""
        subprocess.run(["mkfs.ext4", "-q", "-d", self.folder, file, "1500M"], check=True)

    def pack(self, file):
        names = subprocess.run(["find", ".", "-print0"], cwd=self.folder, capture_output=True, check=True).stdout
        with open(file, "wb") as out:
            subprocess.run(["cpio", "--quiet", "--null", "-o", "-H", "newc"], cwd=self.folder, input=names,
                           stdout=out, check=True)


def commands():
    contract = ":".join(f"*{case}/container:*{case}_container" for case in CONTRACT)
    return {"groups": f"{BIN}/strata_host_test --gtest_color=no --gtest_filter=CgroupKernelTest.*",
            "users": f"{BIN}/strata_host_test --gtest_color=no --gtest_filter=UserNamespaceTest.*",
            "containers": f"{BIN}/strata_sandbox_container_test --gtest_color=no",
            "contract": f"{BIN}/driver_contract_test --gtest_color=no --gtest_filter={contract}"}


def boot(folder):
    """Runs all of it in the machine; what came to its console."""
    root = Root(folder / "root")
    for program in TOOLS:
        root.take_program(program)
    root.take_program(RUNTIME)
    for name in ("strata_host_test", "strata_sandbox_container_test", "driver_contract_test", "strata_oci_guest",
                 "strata-agent"):
        root.take_program(BIN / name)
        subprocess.run(["strip", root.folder / str(BIN / name).lstrip("/")], check=True)
    needed = list(dict.fromkeys(each for name in ("virtio_mmio.ko", "virtio_blk.ko", "overlay.ko")
                                for each in modules(kernel(), name)))
    for module in needed:
        root.take(module)
    (root.folder / "modules").write_text("".join(f"{each}\n" for each in needed))
    (root.folder / "programs").write_text("".join(f"{each}\n" for each in commands().values()))
    shutil.copy(HERE / "init", root.folder / "init")
    root.format(folder / "disk")
    root.pack(folder / "initrd")
    # As in src/sandbox/microvm: without the early frequency half of the boots hang.
    command = [QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-machine",
               "microvm,pic=off,pit=off,rtc=on,acpi=on", "-accel", "tcg,thread=single", "-cpu", "max", "-m", "1536",
               "-kernel", f"/boot/vmlinuz-{kernel()}", "-initrd", str(folder / "initrd"),
               "-drive", f"id=root,file={folder / 'disk'},format=raw,if=none,cache=unsafe", "-device",
               "virtio-blk-device,drive=root", "-append",
               "console=ttyS0 quiet panic=-1 rdinit=/init tsc_early_khz=2000000", "-serial", "stdio"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
    return done.stdout.decode(errors="replace").replace("\r", "") + done.stderr.decode(errors="replace")


class Cgroup2Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if reason := obstacle():
            print(f"skipped: {reason}")
            raise unittest.SkipTest(reason)
        with tempfile.TemporaryDirectory(prefix="strata-cgroup2.") as folder:
            cls.console = boot(pathlib.Path(folder))

    def check(self, name, fewest):
        """At least so many tests of one program ran there, and all of them passed."""
        command = re.escape(commands()[name])
        found = re.search(rf"^begin {command}\n(.*?)^end {command}: (\d+)$", self.console, re.M | re.S)
        self.assertIsNotNone(found, self.console[-3000:])
        words, status = found.groups()
        self.assertEqual(status, "0", words[-3000:])
        self.assertNotIn("[  SKIPPED ]", words, words[-3000:])
        self.assertGreaterEqual(words.count("[       OK ]"), fewest, words[-3000:])

    def test_groups(self):
        self.check("groups", 9)

    def test_users(self):
        self.check("users", 5)

    def test_containers(self):
        self.check("containers", 12)

    def test_the_contract_of_drivers(self):
        self.check("contract", 15)


if __name__ == "__main__":
    unittest.main()
