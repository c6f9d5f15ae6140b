"""A wasi:http component in Python: tells which language a text is written in.

POST text/plain -> {"language": "de", "probabilities": {"de": 0.9998, ...}}

componentize-py imports this module when the component is built and stores the memory it leaves
behind. The model is trained at that moment, so that no request pays for it.
"""

import json
from pathlib import Path

from componentize_py_types import Err, Ok
from model import NaiveBayes
from wit_world import exports
from wit_world.imports.streams import StreamError_Closed
from wit_world.imports.types import (
    Fields,
    IncomingRequest,
    OutgoingBody,
    OutgoingResponse,
    ResponseOutparam,
)

READ_BYTES = 64 * 1024
WRITE_BYTES = 4096  # what one blocking_write_and_flush may carry


def training_data() -> list[tuple[str, str]]:
    lines = Path(__file__).with_name("data").joinpath("languages.tsv").read_text("utf-8")
    return [tuple(line.split("\t", 1)) for line in lines.splitlines()]


MODEL = NaiveBayes(training_data())


def read_body(request: IncomingRequest) -> bytes:
    chunks = []
    with request.consume() as body, body.stream() as stream:
        while True:
            try:
                chunks.append(stream.blocking_read(READ_BYTES))
            except Err as end:
                if isinstance(end.value, StreamError_Closed):
                    return b"".join(chunks)
                raise


def answer(response_out: ResponseOutparam, status: int, value: dict) -> None:
    content = json.dumps(value).encode() + b"\n"
    headers = Fields.from_list(
        [
            ("content-type", b"application/json"),
            ("content-length", str(len(content)).encode()),
        ]
    )
    response = OutgoingResponse(headers)
    response.set_status_code(status)
    body = response.body()
    ResponseOutparam.set(response_out, Ok(response))
    with body.write() as stream:
        for start in range(0, len(content), WRITE_BYTES):
            stream.blocking_write_and_flush(content[start : start + WRITE_BYTES])
    OutgoingBody.finish(body, None)


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request: IncomingRequest, response_out: ResponseOutparam) -> None:
        try:
            text = read_body(request).decode("utf-8").strip()
        except UnicodeDecodeError:
            return answer(response_out, 400, {"error": "the body is not UTF-8"})
        if not text:
            return answer(response_out, 400, {"error": "the body is empty"})
        found = {label: round(p, 4) for label, p in MODEL.probabilities(text).items()}
        return answer(response_out, 200, {"language": next(iter(found)), "probabilities": found})
