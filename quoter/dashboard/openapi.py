"""The table of operations and the OpenAPI 3.1 document made of it. Pure: knows shapes and words, no state."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from quoter.dashboard import models as v

_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Op:
    """One operation. `answer` gets an `Ask`; it returns (or is awaited for) a value of the type `gives`.

    `gives` None: a body that is not JSON of ours, of the type `media`. `takes`: the body. `changes`: needs the token.
    """

    method: str
    path: str
    answer: Callable[[Any], Any]
    words: str
    gives: Any = None
    takes: Any = None
    changes: bool = False
    media: str = "application/json"
    status: int = 200
    refusals: tuple[int, ...] = ()
    queries: dict[str, str] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        """`/api/risk/halt` -> `risk`."""
        parts = self.path.strip("/").split("/")
        return parts[1] if len(parts) > 1 else "page"


def document(ops: list[Op]) -> dict[str, Any]:
    """OpenAPI 3.1 of these operations."""
    shapes = [op.gives for op in ops if op.gives is not None] + [op.takes for op in ops if op.takes is not None]
    schemas, components = msgspec.json.schema_components([*shapes, v.Error], ref_template="#/components/schemas/{name}")
    given = iter(schemas)
    of_answer = {op.path + op.method: next(given) for op in ops if op.gives is not None}
    of_body = {op.path + op.method: next(given) for op in ops if op.takes is not None}
    paths: dict[str, Any] = {}
    for op in ops:
        key = op.path + op.method
        paths.setdefault(op.path, {})[op.method.lower()] = _operation(op, of_answer.get(key), of_body.get(key))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "kwm", "version": "1",
            "description": "A running quoter: what it knows, and what a person may tell it. Reads are open on loopback;"
            " every change needs the token of data/live/token as a Bearer header.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "data/live/token"}},
        },
    }  # fmt: skip


def _operation(op: Op, answer: Any, body: Any) -> dict[str, Any]:
    error = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
    refusals = sorted({*op.refusals, *((403,) if op.changes else ()), *((400, 413, 415) if op.takes else ())})
    words = {400: "not understood; the words name the field", 403: "not allowed", 404: "no such thing",
             409: "not possible now", 413: "too long", 415: "not JSON", 502: "the exchange did not answer",
             503: "not ready"}  # fmt: skip
    found: dict[str, Any] = {
        "operationId": op.method.lower() + re.sub(r"\W+", "_", op.path),
        "summary": op.words,
        "tags": [op.tag],
        "responses": {
            str(op.status): {"description": op.words,
                             "content": {op.media: {"schema": answer if answer is not None else {"type": "string"}}}},
            **{str(code): {"description": words[code], **error} for code in refusals},
        },
    }  # fmt: skip
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(op.path)
    ]
    parameters += [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}, "description": text}
        for name, text in op.queries.items()
    ]
    if parameters:
        found["parameters"] = parameters
    if body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    if op.changes:
        found["security"] = [{"token": []}]
    return found
