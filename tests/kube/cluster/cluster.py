"""A real Kubernetes for one test class, in the namespaces that `in_namespaces` made for the run. `ControlPlane` is the
API server of api_server.py with controller manager and scheduler; `Cluster` has one node, too: kubelet and kube-proxy, on
the containerd of kube.support.

Each of them is who it is on a cluster, with the rights that Kubernetes gives it. There is no DNS. What kubelet would
set for the whole host (three flags of the kernel) is shown to it as set. Pods' control groups lie below the node's,
their files in its folder.
"""

import contextlib
import json
import os
import pathlib
import subprocess

from kube.cluster.api_server import ADDRESS, FRONTS, ApiServer
from kube.support import NETWORK, PATIENCE, Node, eventually, run

NODE = "node1"
CGROUPS = pathlib.Path("/sys/fs/cgroup")
FLAGS = {"vm/overcommit_memory": "1", "kernel/panic": "10", "kernel/panic_on_oops": "1"}
PODS = NETWORK["plugins"][0]["ipam"]["ranges"][0][0]["subnet"]

KUBELET = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
    "failCgroupV1": False, "cgroupDriver": "cgroupfs", "enforceNodeAllocatable": ["pods"],
    "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": False},
                       "x509": {"clientCAFile": "ca.crt"}},
    "authorization": {"mode": "AlwaysAllow"}, "tlsCertFile": "kubelet.crt", "tlsPrivateKeyFile": "kubelet.key",
    "address": ADDRESS, "healthzPort": 0, "failSwapOn": False, "makeIPTablesUtilChains": False, "oomScoreAdj": 0,
    "resolvConf": "", "syncFrequency": "5s", "nodeStatusUpdateFrequency": "4s",
    "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
    # Without it kubelet ends where it may not write a flag of the kernel.
    "featureGates": {"KubeletInUserNamespace": True},
}


class ControlPlane(ApiServer):
    MANAGER = ()  # more options of the controller manager

    def up(self):
        super().up()
        self.start("kube-controller-manager", self.identity("kube-controller-manager"), "--bind-address=127.0.0.1",
                   "--leader-elect=false", "--service-account-private-key-file=accounts.key", "--root-ca-file=ca.crt",
                   "--use-service-account-credentials", *self.MANAGER)
        self.start("kube-scheduler", self.identity("kube-scheduler"), "--bind-address=127.0.0.1", "--leader-elect=false")
        self.wait_for("default service account", lambda: self.get(
            "/api/v1/namespaces/default/serviceaccounts/default").get("kind") == "ServiceAccount")
        return self

    def identity(self, name, subject=None):
        """The option that has a program be this user."""
        self.signed(f"as-{name}", subject or f"/CN=system:{name}", "extendedKeyUsage=clientAuth")
        return f"--kubeconfig={self.configuration(f'as-{name}')}"

    def configuration(self, key):
        """A kubeconfig for the owner of this key."""
        path = self.dir / f"{key}.json"
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.url, "certificate-authority": f"{self.dir}/ca.crt"}}],
            "users": [{"name": key, "user": {"client-certificate": f"{self.dir}/{key}.crt",
                                             "client-key": f"{self.dir}/{key}.key"}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": key}}]}))
        return path

    def wait_for(self, what, probe):
        if not eventually(probe, 2 * PATIENCE):
            raise AssertionError(f"never seen: {what}\n{self.said()}")

    def logs(self):
        return [self.dir / f"{name}.log" for name in self.daemons]

    def said(self):
        """The end of everybody's log."""
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-1500:]}" for path in self.logs() if path.exists())

    def status(self, path):
        """An object's; empty while there is no object."""
        found = self.get(path)
        return {} if found.get("kind") == "Status" else found.get("status", {})

    def condition(self, path, wanted):
        """The status of an object's condition."""
        for each in self.status(path).get("conditions", []):
            if each["type"] == wanted:
                return each["status"]
        return None

    def kubectl(self, *words, **options):
        return run((self.tools / "kubectl", f"--kubeconfig={self.configuration('admin')}",
                    f"--cache-dir={self.dir}/kubectl", *words), **options)


class Cluster(ControlPlane):
    def __init__(self, files=None):
        """`files`: path -> bytes, in the pods' image beside busybox."""
        super().__init__()
        self.machine = Node(files=files)

    # --- its life

    def up(self):
        self.prepare_namespaces()
        super().up()
        self.machine.up().import_images()
        # Without limits of the kernel's connection tracking: they are the whole host's.
        self.start("kube-proxy", self.identity("kube-proxy"), f"--hostname-override={NODE}", "--proxy-mode=iptables",
                   f"--cluster-cidr={PODS}", "--masquerade-all", "--conntrack-max-per-core=0",
                   "--conntrack-tcp-timeout-established=0s", "--conntrack-tcp-timeout-close-wait=0s")
        self.start_kubelet()
        self.wait_for("node Ready", lambda: self.condition(f"/api/v1/nodes/{NODE}", "Ready") == "True")
        return self

    def prepare_namespaces(self):
        """The fixed places of Kubernetes' programs, in this mount and network namespace."""
        def must(*words):
            subprocess.run(words, check=True)

        flags = pathlib.Path("/run/flags")
        second = pathlib.Path("/run/proc")
        for folder in (flags, second):
            folder.mkdir()
        must("mount", "-t", "tmpfs", "tmpfs", "/var/log")
        must("mount", "-t", "proc", "proc", second)
        must("mount", "--bind", "/proc/sys", "/proc/sys")
        must("mount", "-o", "remount,bind,ro", "/proc/sys")
        must("mount", "--bind", second / "sys/net", "/proc/sys/net")
        must("umount", "-l", second)
        for name, value in FLAGS.items():
            shown = flags / name.replace("/", ".")
            shown.write_text(value + "\n")
            must("mount", "--bind", shown, f"/proc/sys/{name}")
        pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")
        for root in self.cgroup_roots():
            root.mkdir()
            for name in ("cpuset.cpus", "cpuset.mems"):  # version 1 starts with none
                if (root / name).exists():
                    (root / name).write_text((root.parent / name).read_text())

    def cgroup_roots(self):
        """What all pods' groups lie in, one for each hierarchy."""
        if (CGROUPS / "cgroup.controllers").exists():
            return [CGROUPS / self.machine.namespace]
        return [path / self.machine.namespace for path in CGROUPS.iterdir() if (path / "tasks").exists()]

    def start_kubelet(self):
        """The first time or again."""
        if not (self.dir / "kubelet.json").exists():
            self.signed("kubelet", f"/CN={NODE}", f"subjectAltName=IP:{ADDRESS},DNS:{NODE}")
            self.identity("node", f"/O=system:nodes/CN=system:node:{NODE}")
            (self.dir / "kubelet.json").write_text(json.dumps({
                **KUBELET, "cgroupRoot": f"/{self.machine.namespace}",
                "containerRuntimeEndpoint": f"unix://{self.machine.dir}/c.sock",
                "podLogsDir": f"{self.machine.dir}/pod-logs", "volumePluginDir": f"{self.machine.dir}/volume-plugins"}))
        self.start("kubelet", "--config=kubelet.json", "--kubeconfig=as-node.json", f"--root-dir={self.machine.dir}/kubelet",
                   f"--cert-dir={self.dir}/made", f"--hostname-override={NODE}", f"--node-ip={ADDRESS}")

    def end(self):
        """Stops it and returns what is left, which should be nothing."""
        said = self.said()
        if "kubelet" in self.daemons:
            self.kubectl("delete", "daemonsets,deployments,jobs,pods", "--all", "--all-namespaces", "--grace-period=1")
            eventually(lambda: not self.machine.crictl("pods", "-q", "--state", "ready").stdout, PATIENCE)
            eventually(lambda: not [line for line in self.machine.mounts() if "/kubelet/pods/" in line], PATIENCE)
            self.stop("kubelet")  # which removes stopped pods each minute
            self.machine.crictl("rmp", "--all")
        super().end()
        # kubelet leaves the groups of quality classes, which are empty now.
        for group in self.machine.control_groups():
            for folder, _, _ in os.walk(group, topdown=False):
                with contextlib.suppress(OSError):  # what is busy is listed as left
                    os.rmdir(folder)
        left = self.machine.end()
        return [*left, said] if left else []

    def logs(self):
        return [*super().logs(), self.machine.dir / "log"]

    def helm(self, *words):
        return run((self.tools / "helm", f"--kubeconfig={self.configuration('admin')}", *words))
