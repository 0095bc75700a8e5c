"""One request as a handler sees it, and the way to refuse it. Knows HTTP; knows nothing of quoting."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from core.errors import KwmError
from quoter.dashboard import models as v
from quoter.dashboard.guard import may_change
from quoter.dashboard.openapi import Op

MOST_BYTES = 64_000


class Refusal(KwmError):
    """The answer is no; `reason` is a code, the message words for a person."""

    def __init__(self, status: int, words: str, reason: str = "") -> None:
        self.status, self.reason = status, reason
        super().__init__(words)


@dataclass(frozen=True, slots=True)
class Ask:
    """What was asked."""

    path: dict[str, Any]
    query: dict[str, str]
    body: Any
    by: str
    last_event_id: str = ""


def answer(body: Any, status: int = 200) -> Response:
    """JSON."""
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def refuse(status: int, words: str, reason: str = "") -> Response:
    """An error a person can read."""
    return answer(v.Error(error=words, reason=reason), status)


async def _body(request: Request, kind: Any) -> Any:
    """Raises: Refusal."""
    given = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if given != "application/json":
        raise Refusal(415, "send JSON (Content-Type: application/json)", "not_json")
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MOST_BYTES:
            raise Refusal(413, f"more than {MOST_BYTES} bytes", "too_long")
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        expected = ", ".join(f'"{name}"' for name in kind.__struct_fields__)
        raise Refusal(400, f"expected an object with {expected}: {error}", "malformed") from error


def endpoint(op: Op, token: str) -> Callable[[Request], Awaitable[Response]]:
    """The ASGI endpoint of one operation: token, body, answer, refusal."""

    async def respond(request: Request) -> Response:
        if op.changes and (why := may_change(request, token)):
            return refuse(403, why, "not_allowed")
        try:
            body = await _body(request, op.takes) if op.takes is not None else None
            by = "a person on the page" if request.headers.get("origin") else "a person's command"
            ask = Ask(request.path_params, dict(request.query_params), body, by,
                      request.headers.get("last-event-id", ""))  # fmt: skip
            found = op.answer(ask)
            if inspect.isawaitable(found):
                found = await found
        except Refusal as no:
            return refuse(no.status, str(no), no.reason)
        return found if isinstance(found, Response) else answer(found, op.status)

    return respond
