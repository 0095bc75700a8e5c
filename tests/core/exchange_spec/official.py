"""Kalshi's own OpenAPI and AsyncAPI as judges: what does the official schema say about this body or frame?

`Judged` wraps the embedded exchange and judges everything that passes in either direction, so any test that talks
through it is a conformance test.
"""

import json
import re
from functools import cache, cached_property
from typing import Any
from urllib.parse import parse_qsl

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.shared import shared

JSON = dict[str, Any]
PREFIX = "/trade-api/v2"
_FORMATS = FormatChecker(["date-time"])
_ANYWHERE = {"401", "429"}  # every signed call may be refused so; the specification names it only here and there
_UNDOCUMENTED = {  # said by the pages on the market's life, not by the specification of the call
    ("DELETE", "/portfolio/events/orders/{order_id}"): {"400"},  # MARKET_INACTIVE after the close
}


def _plain(node: Any) -> Any:
    """OpenAPI 3.0 -> JSON Schema: `nullable` becomes a type, everything else stays."""
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {key: _plain(value) for key, value in node.items() if key not in ("example", "examples", "x-go-type")}
    if found.pop("nullable", None) is True:
        return {"anyOf": [found, {"type": "null"}]}
    return found


def _message(error: Any) -> str:
    return f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"


class Rest:
    """OpenAPI 3.34.0."""

    def __init__(self) -> None:
        raw = yaml.load(shared("kalshi/openapi.yaml").read_text(), Loader=yaml.CSafeLoader)
        self.raw: JSON = raw
        self.components = _plain(raw["components"])
        self.paths = raw["paths"]

    @cached_property
    def routes(self) -> list[tuple[str, re.Pattern[str]]]:
        """(path, its pattern), the most literal first."""
        ordered = sorted(self.paths, key=lambda p: (p.count("{"), -len(p)))
        return [(path, re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + "$")) for path in ordered]

    def operation(self, method: str, path: str) -> tuple[str, JSON] | None:
        """The path and operation of a request, where Kalshi knows one."""
        for known, pattern in self.routes:
            if pattern.match(path) and method.lower() in self.paths[known]:
                return known, self.paths[known][method.lower()]
        return None

    def judge(self, schema: JSON, body: Any) -> list[str]:
        """What is wrong with `body`, one line a fault."""
        return [_message(e) for e in self._validator(json.dumps(schema, sort_keys=True)).iter_errors(body)]

    @cache  # noqa: B019 - one judge lives as long as the tests
    def _validator(self, schema: str) -> Draft202012Validator:
        return Draft202012Validator(_plain(json.loads(schema)) | {"components": self.components},
                                    format_checker=_FORMATS)  # fmt: skip

    def _resolved(self, node: JSON) -> JSON:
        while "$ref" in node:
            found: Any = self.raw
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node

    def answer(self, method: str, path: str, status: int, body: bytes) -> list[str]:
        """Faults of an answer: a status that is not documented, a body that is not of its schema."""
        found = self.operation(method, path)
        if found is None:
            return [f"{method} {path} is no operation of Kalshi's"]
        known, operation = found
        answers = operation["responses"]
        if status >= 400:
            allowed = set(answers) | _ANYWHERE | _UNDOCUMENTED.get((method, known), set())
            named = status == 404 and "{" in known  # a name that is not; the specification forgets it here and there
            faults = [] if named or str(status) in allowed else [f"{method} {known}: {status} is not documented"]
            return faults + self._refusal(body)
        if str(status) not in answers:
            return [f"{method} {known}: {status} is not documented"]
        content = self._resolved(answers[str(status)]).get("content")
        if content is None:
            return [] if not body else [f"{method} {known}: a body where none belongs"]
        return [f"{method} {known}: {x}" for x in self.judge(content["application/json"]["schema"], json.loads(body))]

    def _refusal(self, body: bytes) -> list[str]:
        found = json.loads(body)
        inner = found.get("error", found)
        return self.judge({"$ref": "#/components/schemas/ErrorResponse", "required": ["code", "message"]}, inner)

    def request(self, method: str, path: str, query: str, body: bytes) -> list[str]:
        """Faults of a request: parameters unknown or out of range, a body that is not of its schema."""
        found = self.operation(method, path)
        if found is None:
            return [f"{method} {path} is no operation of Kalshi's"]
        known, operation = found
        parameters = [self._resolved(p) for p in (*self.paths[known].get("parameters", ()),
                                                  *operation.get("parameters", ()))]  # fmt: skip
        allowed = {p["name"]: p for p in parameters if p["in"] == "query"}
        faults: list[str] = []
        given = parse_qsl(query, keep_blank_values=True)
        for name, value in given:
            if name not in allowed:
                faults.append(f"{method} {known}: no parameter {name}")
                continue
            schema = self._resolved(allowed[name]["schema"])
            faults += [f"{method} {known}?{name}: {x}" for x in self.judge(schema, _typed(schema, value))]
        faults += [f"{method} {known}: {name} is missing" for name, p in allowed.items()
                   if p.get("required") and name not in dict(given)]  # fmt: skip
        if "requestBody" in operation and body:
            schema = self._resolved(operation["requestBody"])["content"]["application/json"]["schema"]
            faults += [f"{method} {known}: {x}" for x in self.judge(schema, json.loads(body))]
        return faults


def _typed(schema: JSON, value: str) -> Any:
    match schema.get("type"):
        case "integer":
            return int(value) if value.lstrip("-").isdigit() else value
        case "boolean":
            return {"true": True, "false": False}.get(value, value)
        case "array":
            return [value]
        case _:
            return value


class Frames:
    """AsyncAPI of October 2026."""

    def __init__(self) -> None:
        raw = yaml.load(shared("kalshi/asyncapi.yaml").read_text(), Loader=yaml.CSafeLoader)
        self.components = raw["components"]
        messages = self.components["messages"]
        self.sent: dict[str, list[str]] = {}
        for name in ("orderbookSnapshot", "orderbookDelta", "ticker", "trade", "fill", "marketPosition", "userOrder",
                     "marketLifecycleV2", "eventLifecycle", "eventFeeUpdate", "orderGroupUpdates",
                     "subscribedResponse", "unsubscribedResponse", "errorResponse"):  # fmt: skip
            kind = self._type(messages[name]["payload"])
            self.sent.setdefault(kind, []).append(name)
        self.sent["ok"] = ["okResponse", "listSubscriptionsResponse"]
        self.commands = ["subscribeCommand", "unsubscribeCommand", "updateSubscriptionCommand",
                         "updateSubscriptionDeleteCommand", "updateSubscriptionSingleSidCommand",
                         "listSubscriptionsCommand"]  # fmt: skip

    def _type(self, payload: JSON) -> str:
        schema = self.components["schemas"][payload["$ref"].rsplit("/", 1)[-1]]
        said: str = schema["properties"]["type"]["const"]
        return said

    @cache  # noqa: B019 - one judge lives as long as the tests
    def _validator(self, name: str) -> Draft202012Validator:
        schema = self.components["messages"][name]["payload"] | {"components": self.components}
        return Draft202012Validator(schema, format_checker=_FORMATS)

    def _any(self, names: list[str], body: JSON) -> list[str]:
        faults: list[str] = []
        for name in names:
            found = [f"{name}: {_message(e)}" for e in self._validator(name).iter_errors(body)]
            if not found:
                return []
            faults += found
        return faults

    def frame(self, text: str) -> list[str]:
        """Faults of a frame that the exchange sent."""
        body = json.loads(text)
        names = self.sent.get(body.get("type"))
        if names is None:
            return [f"no message of type {body.get('type')!r}"]
        faults = [] if "sending_ts_ms" in body else ["sending_ts_ms is missing"]
        return faults + self._any(names, body)

    def command(self, text: str) -> list[str]:
        """Faults of a command that a client sent."""
        return self._any(self.commands, json.loads(text))


@cache
def rest() -> Rest:
    """The judge of REST."""
    return Rest()


@cache
def frames() -> Frames:
    """The judge of WebSocket frames."""
    return Frames()


class Judged:
    """An ASGI application whose every word, and every word to it, is judged. `faults` stays empty, or a test fails."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.faults: list[str] = []
        self.operations: set[tuple[str, str]] = set()
        self.kinds: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"].removeprefix(PREFIX)
        asked, said = b"", b""
        status = 0

        async def hear() -> Message:
            nonlocal asked
            message = await receive()
            asked += message.get("body", b"")
            return message

        async def speak(message: Message) -> None:
            nonlocal said, status
            status = message.get("status", status)
            said += message.get("body", b"")
            await send(message)

        await self.app(scope, hear, speak)
        if status < 400:  # what was refused may have been asked wrongly on purpose
            self.faults += rest().request(method, path, scope["query_string"].decode(), asked)
        self.faults += rest().answer(method, path, status, said)
        found = rest().operation(method, path)
        if found is not None and status < 400:
            self.operations.add((method, found[0]))

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def hear() -> Message:
            message = await receive()
            if message.get("text"):
                self.faults += frames().command(message["text"])
            return message

        async def speak(message: Message) -> None:
            if message.get("text"):
                self.faults += frames().frame(message["text"])
                self.kinds.add(json.loads(message["text"])["type"])
            await send(message)

        await self.app(scope, hear, speak)
