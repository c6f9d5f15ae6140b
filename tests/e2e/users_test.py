"""Who containers' root is on the host: an ordinary user, another one for each tenant."""

import os
import pathlib
import shutil
import tempfile
import unittest

from e2e.images import guest_image
from e2e.support import DONE, ServerTest, function

TENANTS = ("default", "other")


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class UsersTest(ServerTest):
    @classmethod
    def prepare(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-users."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.image = guest_image(cls.folder / "image", "serve")

    def deploy(self, tenant, **spec):
        manifest = function("box", f"oci:{self.image.path}", f"/{tenant}", tenant, **{"class": "container"}, **spec)
        manifest["kind"] = "Service"
        self.server.apply(manifest)
        self.addCleanup(self.server.strata, "-n", tenant, "delete", "service", "box")

    def root_of(self, tenant):
        done = self.server.strata("-n", tenant, "exec", "box", "--", "/bin/guest", "confinement")
        self.assertEqual(done.returncode, DONE, done.stderr)
        facts = dict(line.split("=") for line in done.stdout.split())
        return int(facts["root"])

    def have_users(self):
        checks = {check["name"]: check for check in self.server.json("probe")["checks"]}
        return checks["container-user-namespace"]["available"]

    def test_two_tenants_never_share_a_user(self):
        for tenant in TENANTS:
            self.deploy(tenant)
        roots = [self.root_of(tenant) for tenant in TENANTS]
        if not self.have_users():
            return self.assertEqual(roots, [0, 0])
        self.assertGreaterEqual(min(roots), 0x70000000)
        self.assertGreaterEqual(abs(roots[0] - roots[1]), 65536)

    def test_one_with_a_network_has_them_too(self):
        self.deploy("default", grants={"http": ["example.com:80"]})
        self.assertEqual(self.root_of("default") > 0, self.have_users())


if __name__ == "__main__":
    unittest.main()
