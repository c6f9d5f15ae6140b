#!/usr/bin/env python3
"""Makes an OCI image layout of one layer: oci_layout.py LAYOUT ENTRYPOINT SOURCE=/PATH[:MODE] ...

The same input gives the same bytes: times are zero and owners root.
"""

import gzip
import hashlib
import io
import json
import pathlib
import shutil
import sys
import tarfile

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def make_layer(files):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for source, target, mode in files:
            content = pathlib.Path(source).read_bytes()
            info = tarfile.TarInfo(target.lstrip("/"))
            info.size, info.mode = len(content), mode
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def parse(word):
    source, target = word.rsplit("=", 1)
    target, _, mode = target.partition(":")
    return source, target, int(mode or "755", 8)


def main():
    layout, entrypoint = pathlib.Path(sys.argv[1]), sys.argv[2]
    shutil.rmtree(layout, ignore_errors=True)
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(data, media_type):
        (blobs / digest(data)[7:]).write_bytes(data)
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    tar = make_layer([parse(word) for word in sys.argv[3:]])
    config = {"architecture": "amd64", "os": "linux", "config": {"Entrypoint": [entrypoint]},
              "rootfs": {"type": "layers", "diff_ids": [digest(tar)]}}
    manifest = put(json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": put(json.dumps(config).encode(), CONFIG),
        "layers": [put(gzip.compress(tar, mtime=0), LAYER)]}).encode(), MANIFEST)
    manifest["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))


if __name__ == "__main__":
    main()
