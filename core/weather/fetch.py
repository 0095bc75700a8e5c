"""Asks the weather's hosts, politely and suspiciously: the one place where a body comes in. The room's only client I/O.

User-Agent and Accept on every request, conditional where a validator is known, few at a time per host. What the service
calls passing is tried again (1, 2, 4 s; a 429 as long as it says, the whole host); an address that fails round after
round is left alone for a while. A 200 that is HTML where data was expected is a failure like any other.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass

import httpx
import stamina

from core.config import Settings
from core.errors import Unavailable
from core.units import Instant, iso
from core.weather import sources
from core.weather.standing import Document, State, failed

_AT_ONCE = {"nws": 8, "nbm": 1, "mos": 1, "afos": 2, "portal": 1}
_ACCEPT = {"json": "application/geo+json, application/json;q=0.9", "text": "text/plain, */*;q=0.5"}
_ATTEMPTS, _LONGEST_WAIT_S, _THROTTLED_S = 4, 30.0, 5.0
_LONGEST_BODY, _LONGEST_FILE = 20_000_000, 200_000_000


class Nonsense(Unavailable):
    """Status 200 and a body that is no answer: a gateway's page. May pass."""


class Missing(Unavailable):
    """404: it is not there (yet)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One body, or None where the server says that it has not changed since the vintage `issued_at`."""

    url: str
    received_at: Instant
    body: bytes | None
    etag: str = ""
    modified: str = ""
    issued_at: Instant | None = None


def base_url(settings: Settings) -> str:
    """Where the weather service itself is."""
    return sources.hosts(settings)["nws"]


class Fetcher:
    """Holds the connections and changes `state`: validators and circuits. Close it."""

    def __init__(
        self, settings: Settings, now: Callable[[], Instant], state: State | None = None, first_wait_s: float = 1.0
    ) -> None:
        self.hosts = sources.hosts(settings)
        self.now = now
        self.state = state if state is not None else State()
        self.first_wait_s = first_wait_s
        self.gates = {host: asyncio.Semaphore(number) for host, number in _AT_ONCE.items()}
        self.resume_at: dict[str, float] = {}  # loop time before which a host that throttles is not asked
        self.unreachable: dict[str, str] = {}  # hosts that let nobody connect, for as long as this fetcher lives
        self.client = httpx.AsyncClient(
            timeout=settings.weather.timeout_s, headers={"User-Agent": settings.weather.user_agent},
            follow_redirects=True, trust_env=settings.weather.source == "live",
        )  # fmt: skip

    async def close(self) -> None:
        """Let the connections go."""
        await self.client.aclose()

    async def get(
        self,
        host: str,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        kind: str = "json",
        fresh: bool = False,
        about: str = "",
    ) -> Answer:
        """One body. `fresh`: past every cache, and whole; `about`: what is asked for, where one path serves many.

        Raises: Unavailable, with the reason; Missing on 404.
        """
        url = self.hosts[host] + path
        known = None if fresh or params is not None else self.state.documents.get(url)
        headers = {"Accept": _ACCEPT[kind]}
        if fresh:
            headers["Cache-Control"] = "no-cache"
        elif known is not None:
            headers |= {"If-None-Match": known.etag} if known.etag else {}
            headers |= {"If-Modified-Since": known.modified} if known.modified else {}

        async def once() -> Answer:
            found = await self.client.get(url, params=params, headers=headers)
            if found.status_code == 304 and known is not None:
                return Answer(url, self.now(), None, known.etag, known.modified, known.issued_at)
            found.raise_for_status()
            _believable(found.headers.get("content-type", ""), found.content, kind, path)
            etag, modified = found.headers.get("etag", ""), found.headers.get("last-modified", "")
            return Answer(url, self.now(), found.content, etag, modified)

        return await self._tried(host, path, f"{url} {about}".rstrip(), once)

    async def lines(self, host: str, path: str, read: Callable[[AsyncIterator[str]], Awaitable[None]]) -> Instant:
        """A file of many megabytes, line by line into `read` (an async function); gives when it was here."""
        url = self.hosts[host] + path

        async def once() -> Instant:
            async with self.client.stream("GET", url, headers={"Accept": _ACCEPT["text"]}) as found:
                found.raise_for_status()
                _believable(found.headers.get("content-type", ""), b"", "text", path)
                await read(_counted(found, path))
            return self.now()

        return await self._tried(host, path, url, once)

    def remember(self, answer: Answer, issued_at: Instant) -> None:
        """This body was believed: next time ask only for a newer one."""
        if answer.etag or answer.modified:
            self.state.documents[answer.url] = Document(answer.etag, answer.modified, issued_at, answer.received_at)

    async def _tried[T](self, host: str, path: str, key: str, once: Callable[[], Awaitable[T]]) -> T:
        circuit = self.state.circuits.get(key)
        if circuit is not None and self.now() < circuit.open_until:
            raise Unavailable(f"{path}: not asked again before {iso(circuit.open_until)}; {circuit.reason}")
        try:
            async with self.gates[host]:
                if host in self.unreachable:
                    raise Unavailable(f"{path}: {self.unreachable[host]}")
                async for attempt in stamina.retry_context(
                    on=lambda error: self._again(host, error), attempts=_ATTEMPTS, timeout=None,
                    wait_initial=self.first_wait_s, wait_max=5.0, wait_jitter=self.first_wait_s / 4,
                ):  # fmt: skip
                    with attempt:
                        pause = self.resume_at.get(host, 0.0) - asyncio.get_running_loop().time()
                        if pause > 0:
                            await asyncio.sleep(pause)
                        found = await once()
            self.state.circuits.pop(key, None)
            return found
        except httpx.HTTPStatusError as error:
            code = error.response.status_code
            if code == 404:
                raise Missing(f"{path}: 404 {_title(error.response)}") from error
            reason = f"{path}: {code} {_title(error.response)}"
        except httpx.HTTPError as error:
            reason = f"{path}: {type(error).__name__}"
            if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                self.unreachable[host] = f"{self.hosts[host]} lets nobody connect"
        except Nonsense as error:
            reason = str(error)
        self.state.circuits[key] = failed(circuit, reason, self.now())
        raise Unavailable(reason)

    def _again(self, host: str, error: Exception) -> bool | float:
        """Worth another try? A number says after how many seconds."""
        if not isinstance(error, httpx.HTTPStatusError):
            return isinstance(error, httpx.TransportError | Nonsense)
        code = error.response.status_code
        if code == 429:
            wait = min(_seconds(error.response.headers.get("retry-after", "")), _LONGEST_WAIT_S)
            self.resume_at[host] = asyncio.get_running_loop().time() + wait
            return wait
        # an office that sends no grids does so for hours: another try in a second is only noise
        return code >= 500 and "expired" not in _title(error.response).lower()


def _believable(content_type: str, body: bytes, kind: str, path: str) -> None:
    shown = content_type.partition(";")[0] or "nothing"
    if "html" in content_type or body.lstrip()[:1] == b"<":
        raise Nonsense(f"{path}: HTML where {kind} was expected")
    if kind == "json" and "json" not in content_type:
        raise Nonsense(f"{path}: {shown} where JSON was expected")
    if len(body) > _LONGEST_BODY:
        raise Nonsense(f"{path}: {len(body)} bytes")


async def _counted(found: httpx.Response, path: str) -> AsyncIterator[str]:
    size = 0
    async for line in found.aiter_lines():
        size += len(line) + 1
        if size > _LONGEST_FILE:
            raise Nonsense(f"{path}: more than {_LONGEST_FILE} bytes")
        yield line


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return _THROTTLED_S  # no header, or a date: the service asks for about five seconds


def _title(answer: httpx.Response) -> str:
    """The title of a problem+json, where there is one (the body of a stream is not read)."""
    if not answer.is_closed and not answer.is_stream_consumed:
        return ""
    try:
        title = answer.json().get("title", "")
    except (ValueError, AttributeError, httpx.ResponseNotRead):
        return ""
    return title if isinstance(title, str) else ""
