"""A real API server of Kubernetes with its etcd, in the namespaces that `in_namespaces` made for the run, and
requests to it. There is no kubelet, no scheduler and no controller but those that a test starts; cluster.py has all."""

import contextlib
import http.client
import json
import pathlib
import shutil
import signal
import ssl
import subprocess
import tempfile

from kube.support import HERE, PATIENCE, eventually

ADDRESS, PORT = "192.168.77.1", 6443  # on a bridge that nobody else has; the server refuses loopback
FRONTS = "10.96.0.0/16"  # of Kubernetes' Services
FRONT = "10.96.0.1"  # the server's own, the first of them

# Of service accounts, what they have written.
AUDIT = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [
    {"level": "Metadata", "userGroups": ["system:serviceaccounts"],
     "verbs": ["create", "update", "patch", "delete", "deletecollection"]},
    {"level": "None"}]}


class ApiServer:
    def __init__(self):
        done = subprocess.run([HERE / "cluster" / "build-tools"], stdout=subprocess.PIPE, text=True, check=True)
        self.tools = pathlib.Path(done.stdout.strip())
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="kube."))
        self.url = f"https://{ADDRESS}:{PORT}"
        self.daemons = {}

    def up(self):
        for words in (("link", "add", "api0", "type", "bridge"), ("addr", "add", f"{ADDRESS}/24", "dev", "api0"),
                      ("link", "set", "api0", "up"), ("route", "add", "default", "via", ADDRESS)):
            subprocess.run(("ip", *words), check=True)
        self.make_keys()
        self.start("etcd", f"--data-dir={self.dir}/etcd", "--unsafe-no-fsync",
                   "--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379",
                   "--listen-peer-urls=http://127.0.0.1:2380")
        self.start_server()
        return self

    def start_server(self):
        (self.dir / "audit.json").write_text(json.dumps(AUDIT))
        self.start("kube-apiserver", "--etcd-servers=http://127.0.0.1:2379", f"--advertise-address={ADDRESS}",
                   "--tls-cert-file=server.crt", "--tls-private-key-file=server.key", "--client-ca-file=ca.crt",
                   "--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=accounts.pub",
                   "--service-account-signing-key-file=accounts.key", "--cert-dir=made",
                   f"--service-cluster-ip-range={FRONTS}", "--authorization-mode=Node,RBAC", "--allow-privileged",
                   "--enable-admission-plugins=NodeRestriction", "--kubelet-client-certificate=admin.crt",
                   "--kubelet-client-key=admin.key", "--kubelet-preferred-address-types=InternalIP",
                   "--audit-policy-file=audit.json", "--audit-log-path=audit.log",
                   "--feature-gates=WatchList=false")  # which Debian's etcd cannot
        if not eventually(lambda: self.request("GET", "/readyz", raw=True) == "ok", 2 * PATIENCE):
            raise AssertionError((self.dir / "kube-apiserver.log").read_text()[-3000:])

    def kill_server(self):
        self.stop("kube-apiserver", signal.SIGKILL)

    def start(self, program, *words):
        """One of the tools, by its name, or any other by its path."""
        name = pathlib.Path(program).name
        with open(self.dir / f"{name}.log", "ab") as log:
            self.daemons[name] = subprocess.Popen([self.tools / program, *words], stdout=log, stderr=log, cwd=self.dir,
                                                  stdin=subprocess.DEVNULL, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})

    def stop(self, name, how=signal.SIGTERM):
        daemon = self.daemons.pop(name)
        daemon.send_signal(how)
        daemon.wait(PATIENCE)

    def end(self):
        for name in reversed(list(self.daemons)):
            self.stop(name, signal.SIGKILL)
        shutil.rmtree(self.dir)

    def make_keys(self):
        self.certificate("ca", "/CN=test")
        self.signed("server", "/CN=kube-apiserver", f"subjectAltName=IP:127.0.0.1,IP:{ADDRESS},IP:{FRONT}")
        self.signed("admin", "/O=system:masters/CN=admin", "extendedKeyUsage=clientAuth")
        self.openssl("genrsa", "-out", "accounts.key", "2048")
        self.openssl("rsa", "-in", "accounts.key", "-pubout", "-out", "accounts.pub")

    def openssl(self, *words):
        subprocess.run(("openssl", *words), cwd=self.dir, check=True, capture_output=True)

    def certificate(self, name, subject, *more):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                     "-keyout", f"{name}.key", "-out", f"{name}.crt", "-subj", subject, *more)

    def signed(self, name, subject, *extensions):
        """A certificate by the cluster's authority, and its key."""
        more = [word for each in ("basicConstraints=critical,CA:FALSE", *extensions) for word in ("-addext", each)]
        self.certificate(name, subject, "-CA", "ca.crt", "-CAkey", "ca.key", *more)

    def written(self):
        """What service accounts have asked to be changed: (verb, path), each without its query."""
        events = map(json.loads, (self.dir / "audit.log").read_text().splitlines())
        return [(each["verb"], each["requestURI"].split("?")[0]) for each in events]

    # --- its clients

    def request(self, method, path, body=None, kind="application/json", raw=False, token=None):
        """The answer's object, also of a refusal (kind Status); nothing when nobody answers. Without `token` the
        administrator asks."""
        context = ssl.create_default_context(cafile=self.dir / "ca.crt")
        headers = {"Content-Type": kind} if body is not None else {}
        if token is None:
            context.load_cert_chain(self.dir / "admin.crt", self.dir / "admin.key")
        else:
            headers["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPSConnection(ADDRESS, PORT, timeout=PATIENCE, context=context)
        with contextlib.closing(connection):
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse().read().decode()
            except (OSError, http.client.HTTPException):
                answer = ""
        return answer if raw else json.loads(answer or "{}")

    def get(self, path):
        return self.request("GET", path)

    def apply(self, path, manifest):
        """`manifest`: an object, or YAML."""
        text = manifest if isinstance(manifest, str) else json.dumps(manifest)
        return self.request("PATCH", f"{path}?fieldManager=test&force=true&fieldValidation=Strict", text,
                            "application/apply-patch+yaml")

    def merge(self, path, patch, token=None):
        return self.request("PATCH", path, json.dumps(patch), "application/merge-patch+json", token=token)

    def delete(self, path):
        return self.request("DELETE", path)
