"""An OCI image archive from the host's static busybox: no registry and no image tool is needed."""

import gzip
import hashlib
import io
import json
import subprocess
import tarfile

BUSYBOX = "/bin/busybox"  # of Debian's busybox-static
FOLDERS = ("bin", "dev", "etc", "proc", "root", "sys", "tmp", "var", "var/log", "www")
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
WASM = "application/wasm"
RUNWASI_WASM = "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm"
WASM_CONFIG = "application/vnd.wasm.config.v0+json"
# root, a user who is in a second group, and one who is known by name alone (all three are Kubernetes' suite's).
PASSWD = b"root:x:0:0:root:/root:/bin/sh\ndefault-user:x:1000:1000::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
GROUP = b"root:x:0:\ndefault-user:x:1000:\nnobody:x:65534:\ngroup-defined-in-image:x:50000:default-user\n"
PLATFORM = {"architecture": "amd64", "os": "linux"}


def add(archive, path, data=None, mode=0o755, link=None):
    """A folder, or a file with `data`, or another name of the file `link`."""
    entry = tarfile.TarInfo(path)
    entry.mode = mode
    if link is not None:
        entry.type, entry.linkname = tarfile.LNKTYPE, link
    elif data is None:
        entry.type = tarfile.DIRTYPE
    else:
        entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data or b""))


def root_files(more):
    """The layer, as a tar; `more`: path -> bytes, a program if it is a script."""
    applets = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for folder in FOLDERS:
            add(archive, folder, mode=0o1777 if folder == "tmp" else 0o755)
        with open(BUSYBOX, "rb") as program:
            add(archive, "bin/busybox", program.read())
        for applet in applets.stdout.split():
            if applet != "busybox":
                add(archive, f"bin/{applet}", link="bin/busybox")
        add(archive, "etc/passwd", PASSWD, 0o644)
        add(archive, "etc/group", GROUP, 0o644)
        add(archive, "www/index.html", b"hello from busybox\n", 0o644)
        for path, data in more.items():
            add(archive, path, data, 0o755 if data.startswith(b"#!") else 0o644)
    return tar.getvalue()


def write(path, name, command=("sh",), more=None, user=""):
    """Writes the archive of the image `name` ("repository:tag"), which runs `command` as `user`."""
    layer = root_files(more or {})
    config = {
        **PLATFORM,
        "config": {"Env": ["PATH=/bin"], "Cmd": list(command), "WorkingDir": "/", "User": user},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
    }
    archive_of(path, name, config, CONFIG, gzip.compress(layer, 1, mtime=0), LAYER)


def write_artifact(path, name, module, config_type=WASM_CONFIG, command=(), layer_type=WASM):
    """Writes an archive whose one layer is the wasm `module` itself, with a configuration of the type of wasm artifacts
    or, with CONFIG, of images."""
    config = {**PLATFORM, "config": {"Entrypoint": list(command)}, "rootfs": {"type": "layers", "diff_ids": []}}
    if config_type == WASM_CONFIG:
        config = {"created": "2026-01-01T00:00:00Z", "architecture": "wasm", "os": "wasip1",
                  "layerDigests": ["sha256:" + hashlib.sha256(module).hexdigest()]}
    archive_of(path, name, config, config_type, module, layer_type)


def archive_of(path, name, config, config_type, layer, layer_type):
    blobs = {}

    def blob(data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": blob(json.dumps(config).encode(), config_type),
        "layers": [blob(layer, layer_type)],
    }).encode()
    entry = {**blob(manifest, MANIFEST), "platform": PLATFORM, "annotations": {
        "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.split(":")[1]}}
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode()
    with tarfile.open(path, "w") as archive:
        add(archive, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}', 0o644)
        add(archive, "index.json", index, 0o644)
        for digest, data in blobs.items():
            add(archive, f"blobs/sha256/{digest}", data, 0o644)
