"""OCI image layouts made by hand, honest and otherwise."""

import gzip
import hashlib
import io
import json
import pathlib
import tarfile

from .support import BIN

GUEST = BIN / "strata_oci_guest"  # a program for images: what it does is its first argument's to say
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def entry(name, content=b"", mode=0o755, **fields):
    """One member of a tar; fields as TarInfo has them (type, linkname, uid, gid)."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def folder(name, mode=0o755, **fields):
    return entry(name, mode=mode, type=tarfile.DIRTYPE, **fields)


def link(name, target, hard=False):
    return entry(name, type=tarfile.LNKTYPE if hard else tarfile.SYMTYPE, linkname=target)


def tar(*entries):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


class Image:
    """A layout in `path` with one image of the given layers (plain tars, the lowest first)."""

    def __init__(self, path, layers, args=("/bin/guest",), **config):
        self.path = pathlib.Path(path)
        self.blobs = self.path / "blobs" / "sha256"
        self.blobs.mkdir(parents=True)
        self.diff_ids = [digest(layer) for layer in layers]
        self.layers = [self.put(gzip.compress(layer, mtime=0), LAYER) for layer in layers]
        self.config = {"architecture": "amd64", "os": "linux",
                       "config": {"Entrypoint": list(args), **config},
                       "rootfs": {"type": "layers", "diff_ids": self.diff_ids}}
        (self.path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        self.finish()

    def put(self, data, media_type):
        (self.blobs / digest(data)[7:]).write_bytes(data)
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    def finish(self):
        """Writes config, manifest and index of what the fields say now."""
        config = self.put(json.dumps(self.config).encode(), CONFIG)
        manifest = self.put(json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config,
                                        "layers": self.layers}).encode(), MANIFEST)
        manifest["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
        index = {"schemaVersion": 2, "manifests": [manifest]}
        (self.path / "index.json").write_text(json.dumps(index))
        return self

    def blob(self, number):
        return self.blobs / self.layers[number]["digest"][7:]


def guest_layer(*more):
    """A tar with the guest as /bin/guest, and `more` entries."""
    return tar(folder("bin"), entry("bin/guest", GUEST.read_bytes()), *more)


def guest_image(path, *args, **config):
    """A layout in `path` whose image runs the guest with these arguments."""
    return Image(path, [guest_layer()], args=("/bin/guest", *args), **config)
