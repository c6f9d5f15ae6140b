#!/usr/bin/env python3
"""Runs the isolation battery natively: what a scenario does when nothing is in its way.

    native_battery.py BIN OUTPUT.json      BIN: the folder of the programs

A scenario that is not "allowed" here proves nothing when a sandbox blocks it. Every run sits in fresh
mount, PID, IPC, UTS and network namespaces, sees / read-only but for a small tmpfs, and is inside an
outer control group (256 processes, 512 MiB) with 20 seconds, ended by that group. Without such a group,
bombs are "n/a". What it goes after is planted inside, the metadata address on its own loopback. What is
WebAssembly's only has a control here, which does the same with nobody who checks; of the compile bomb,
that is its compilation without a limit of its own, which takes all memory that the outer group gives.
"""

import ctypes
import fcntl
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

SECONDS = 20
PROCESSES, MEMORY = 256, 512 << 20
TOKEN = "strata-plant-native"
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET = (
    0x20000, 0x4000000, 0x8000000, 0x20000000, 0x40000000)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
METADATA, TENANT = "169.254.169.254", "10.231.77.7"
SYS_KEYCTL, SYS_ADD_KEY = 250, 248
libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), what)
    return result


def mount(source, target, kind, flags, options=""):
    check(libc.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode()),
          f"mount {target}")


class Group:
    """The outer control group, of either version; its limits are read back."""

    def __init__(self):
        root, name = pathlib.Path("/sys/fs/cgroup"), f"strata-native-{os.getpid()}"
        if (root / "cgroup.controllers").exists():
            (root / "cgroup.subtree_control").write_text("+memory +pids")
            self.folders = [root / name]
            limits = {"memory.max": MEMORY, "pids.max": PROCESSES}
        else:
            self.folders = [root / "memory" / name, root / "pids" / name]
            limits = {"memory.limit_in_bytes": MEMORY, "pids.max": PROCESSES}
        for folder in self.folders:
            folder.mkdir()
        for file, value in limits.items():
            found = [folder / file for folder in self.folders if (folder / file).exists()]
            found[0].write_text(str(value))
            if int(found[0].read_text()) != value:
                raise OSError(f"{found[0]} does not keep its value")

    def join(self):
        for folder in self.folders:
            (folder / "cgroup.procs").write_text("0")

    def kill(self):
        for _ in range(500):
            pids = {int(line) for folder in self.folders
                    for line in (folder / "cgroup.procs").read_text().split()}
            if not pids:
                return
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.01)

    def remove(self):
        self.kill()
        for folder in self.folders:
            folder.rmdir()


def make_read_only():
    """Everything but kernel file systems; what cannot be made so is taken away."""
    mount("none", "/", "none", MS_REC | MS_PRIVATE)
    for line in reversed(pathlib.Path("/proc/self/mountinfo").read_text().splitlines()):
        left, right = line.split(" - ")
        target, kind = left.split()[4], right.split()[0]
        if kind in ("proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "devtmpfs") or target == "/dev":
            continue
        try:
            mount("none", target, "none", MS_REMOUNT | MS_BIND | MS_RDONLY)
        except OSError:
            if target != "/":
                libc.umount2(target.encode(), 2)
            else:
                raise


def bring_up_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        def request(name, call, data):
            fcntl.ioctl(control, call, struct.pack("16s24s", name, data))
        request(b"lo", 0x8914, struct.pack("h", 0x1 | 0x40))  # SIOCSIFFLAGS: up, running
        for name, address in ((b"lo:1", METADATA), (b"lo:2", TENANT)):
            request(name, 0x8916, struct.pack("HH4s", socket.AF_INET, 0, socket.inet_aton(address)))  # SIOCSIFADDR


def listen(family, address):
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.bind(address)
    listener.listen(16)
    return listener


def plant(program):
    """Everything that scenarios go after: their environment, and what must stay open."""
    folder = "/tmp/plants"
    os.mkdir(folder)
    pathlib.Path(folder, "secret").write_text(TOKEN + "\n")
    os.chmod(folder, 0o777)
    os.mkdir(folder + "/granted")
    os.symlink("../secret", folder + "/granted/out")
    pathlib.Path(folder, "tenant").write_text(TOKEN + "\n")
    shutil.copy(program, "/tmp/battery")
    shutil.copy(program, "/tmp/battery-setuid")
    os.chmod("/tmp/battery", 0o755)
    os.chmod("/tmp/battery-setuid", 0o4755)
    bring_up_loopback()
    keep = [listen(socket.AF_UNIX, "\0" + TOKEN), listen(socket.AF_UNIX, folder + "/socket"),
            *(listen(socket.AF_INET, (address, 0)) for address in ("127.0.0.1", METADATA, TENANT))]
    check(libc.shmget(4711, 4096, 0o1666), "shmget")
    check(libc.syscall(SYS_KEYCTL, 1, None), "join a session keyring")
    check(libc.syscall(SYS_ADD_KEY, b"user", TOKEN.encode(), b"x", 1, -3), "add_key")
    process = subprocess.Popen(["/bin/sh", "-c", "kill -STOP $$", TOKEN],
                               env={"STRATA_PLANTED": TOKEN}, stdin=subprocess.DEVNULL)
    keep.append(process)
    environment = {"TOKEN": TOKEN, "FILE": folder + "/secret", "DIRECTORY": folder, "ABSTRACT": TOKEN,
                   "PATH": folder + "/socket", "SETUID": "/tmp/battery-setuid", "PID": process.pid,
                   "PORT": keep[2].getsockname()[1], "METADATA_PORT": keep[3].getsockname()[1],
                   "TENANT_ADDRESS": TENANT, "TENANT_PORT": keep[4].getsockname()[1],
                   "GRANTED": folder + "/granted", "TENANT_FILE": folder + "/tenant", "SHM_KEY": 4711}
    return {f"STRATA_PLANT_{name}": str(value) for name, value in environment.items()}, keep


def run_inside(program, scenario):
    """As the first process of the new namespaces."""
    content = pathlib.Path(program).read_bytes()
    make_read_only()
    mount("tmpfs", "/tmp", "tmpfs", MS_NODEV, "size=192m,nr_inodes=40000,mode=1777")
    mount("proc", "/proc", "proc", 0)
    pathlib.Path("/tmp/program").write_bytes(content)
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    environment, _keep = plant("/tmp/program")
    leaked = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    os.set_inheritable(leaked, True)
    os.chdir("/tmp")
    done = subprocess.run(["/tmp/battery", scenario], env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, close_fds=False, check=False)
    return done.stdout[-200:].decode(errors="replace").strip().rsplit("\n", 1)[-1]


class OwnNetwork:
    """A network namespace in which metadata address and another tenant's address answer; ours to end."""

    def __init__(self):
        read, write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            check(libc.prctl(1, signal.SIGKILL), "die with the parent")
            check(libc.unshare(CLONE_NEWNET), "unshare")
            bring_up_loopback()
            keep = [listen(socket.AF_INET, (address, 0)) for address in (METADATA, TENANT)]
            os.write(write, json.dumps([each.getsockname()[1] for each in keep]).encode())
            os.close(write)
            signal.pause()
        os.close(write)
        with os.fdopen(read, "rb") as ports:
            self.metadata_port, self.tenant_port = json.loads(ports.read())
        self.prefix = ["nsenter", f"--net=/proc/{self.pid}/ns/net"]
        self.environment = {"STRATA_PLANT_METADATA_PORT": str(self.metadata_port),
                            "STRATA_PLANT_TENANT_ADDRESS": TENANT,
                            "STRATA_PLANT_TENANT_PORT": str(self.tenant_port)}

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def compile_without_limit(folder, group):
    """The compile role as the manager starts it, but for the bound of its memory."""
    code = os.memfd_create("code", os.MFD_ALLOW_SEALING)
    answer = os.memfd_create("answer")
    bomb = os.open(folder / "../share/battery/bomb.wasm", os.O_RDONLY)

    def begin():
        group.join()
        moved = [fcntl.fcntl(each, fcntl.F_DUPFD, 10) for each in (bomb, code, answer)]
        for number, each in enumerate(moved, 3):
            os.dup2(each, number)
    compiler = subprocess.Popen([folder / "strata-cell", "--role=compile", "--insecure-confinement=missing-ok",
                                 "--memory-mib=1048576"], close_fds=False, preexec_fn=begin,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        status = compiler.wait(SECONDS)
    except subprocess.TimeoutExpired:
        status = None
    group.kill()
    compiler.wait()
    for each in (code, answer, bomb):
        os.close(each)
    if status == -signal.SIGKILL:
        return {"outcome": "allowed", "evidence": "control: took all memory that there was"}
    return {"outcome": "blocked", "evidence": f"control: ended by itself, {status}"}


def run_one(program, scenario, group):
    read, write = os.pipe()
    outer = os.fork()
    if outer == 0:
        try:
            if group:
                group.join()
            check(libc.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET),
                  "unshare")
            if os.fork() == 0:
                os.write(write, run_inside(program, scenario).encode())
                os._exit(0)
            os.wait()
        except BaseException as error:
            os.write(write, f"n/a {error}".encode())
        os._exit(0)
    os.close(write)
    end = time.monotonic() + SECONDS
    while os.waitpid(outer, os.WNOHANG)[0] == 0:
        if time.monotonic() > end:
            if group:
                group.kill()
            os.kill(outer, signal.SIGKILL)
            os.waitpid(outer, 0)
            break
        time.sleep(0.005)
    if group:
        group.kill()
    with os.fdopen(read, "rb") as answer:
        word, _, evidence = answer.read().decode(errors="replace").partition(" ")
    known = word in ("allowed", "blocked", "n/a")
    return {"outcome": word if known else "blocked", "evidence": evidence if known else "ended"}


def main():
    folder, output = pathlib.Path(sys.argv[1]), sys.argv[2]
    program = folder / "strata-battery"
    scenarios = json.loads(subprocess.run([program, "--list"], capture_output=True, check=True).stdout)
    try:
        group = Group()
    except OSError as error:
        print(f"no outer control group, so no bombs: {error}", file=sys.stderr)
        group = None
    outcomes = {}
    try:
        for scenario in scenarios:
            if group is None and scenario["kind"] not in ("planted", "kernel"):
                outcomes[scenario["id"]] = {"outcome": "n/a", "evidence": "no outer control group"}
            elif scenario["kind"] == "compile":
                outcomes[scenario["id"]] = compile_without_limit(folder, group)
            else:
                outcomes[scenario["id"]] = run_one(program, scenario["id"], group)
    finally:
        if group:
            group.remove()
    with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(os.path.abspath(output)), delete=False) as file:
        json.dump(outcomes, file, indent=1)
    os.replace(file.name, output)


if __name__ == "__main__":
    main()
