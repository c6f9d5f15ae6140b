"""ttrpc and its protobuf by hand, as any program could send them to the shim's socket: frames, messages, calls."""

import socket
import struct

from kube.support import PATIENCE

TASKS = "containerd.task.v3.Task"
TASKS_V2 = "containerd.task.v2.Task"
OK, INVALID, NOT_FOUND, EXHAUSTED, PRECONDITION, UNSUPPORTED = 0, 3, 5, 8, 9, 12


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def text(field, value):
    """A field of protobuf that is text, bytes or a message."""
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(data)) + data


def number(field, value):
    return varint(field << 3) + varint(value)


def fields(data):
    """The fields of a message: number -> value of the last one."""
    found, at = {}, 0

    def take():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(data):
        key = take()
        if key & 7 == 0:
            found[key >> 3] = take()
        else:
            size = take()
            found[key >> 3] = data[at:at + size]
            at += size
    return found


def connect(path):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(PATIENCE)
    client.connect(str(path))
    return client


def receive(client, size):
    data = b""
    while len(data) < size:
        piece = client.recv(size - len(data))
        if not piece:
            raise AssertionError("the shim hung up")
        data += piece
    return data


def answer(client):
    """The code, the words and the message of the next answer."""
    size, _, _, _ = struct.unpack(">IIBB", receive(client, 10))
    response = fields(receive(client, size))
    status = fields(response.get(1, b""))
    return status.get(1, 0), status.get(2, b"").decode(), response.get(2, b"")


def ask(client, method, payload=b"", service=TASKS, namespace=""):
    request = text(1, service) + text(2, method) + text(3, payload)
    if namespace:
        request += text(5, text(1, "containerd-namespace-ttrpc") + text(2, namespace))
    client.sendall(struct.pack(">IIBB", len(request), 1, 1, 0) + request)


def call(path, method, payload=b"", **more):
    """What the shim at `path` answers, as `answer` has it."""
    with connect(path) as client:
        ask(client, method, payload, **more)
        return answer(client)
