"""Messages to people through apprise, and the ping whose absence is the alarm. The only file that sends anything.

Addresses come from [alerts] urls; `${NAME}` in them is taken from the environment, so that no secret need be in a file.
Addresses are never written to a log: they hold tokens.
"""

import os
import string
from collections.abc import Sequence

import httpx

from core.errors import SettingsError


def with_secrets(url: str, environ: dict[str, str]) -> str:
    """`tgram://${TOKEN}/1` -> with the environment's TOKEN. Raises: SettingsError naming the variable, not the url."""
    try:
        return string.Template(url).substitute(environ)
    except KeyError as error:
        raise SettingsError(
            f"[alerts] urls: the environment has no variable {error}; set it, or take it out"
        ) from error
    except ValueError as error:
        raise SettingsError("[alerts] urls: a lone $; write ${NAME} for a variable, $$ for a dollar sign") from error


class Messenger:
    """Sends texts to every address."""

    def __init__(self, urls: Sequence[str], environ: dict[str, str] | None = None) -> None:
        """Raises: SettingsError, telling which of the addresses apprise does not understand, by number."""
        from apprise import Apprise, AppriseAsset

        env = dict(os.environ) if environ is None else environ
        self.apprise = Apprise(asset=AppriseAsset(app_id="kwm", app_desc="kalshi weather maker"))
        for number, url in enumerate(urls, 1):
            if not self.apprise.add(with_secrets(url, env)):
                scheme = url.partition("://")[0]
                raise SettingsError(
                    f"[alerts] urls: number {number} ({scheme}://...) is no address apprise understands"
                    " (its wiki lists them: mailto, tgram, slack, discord, ntfy, json, ...)"
                )
        self.number = len(urls)

    def send(self, title: str, body: str, *, urgent: bool) -> bool:
        """Was it delivered to every address? Without addresses there is nobody to tell, and that is a success."""
        from apprise import NotifyType

        if not self.number:
            return True
        kind = NotifyType.FAILURE if urgent else NotifyType.WARNING
        return bool(self.apprise.notify(title=title, body=body, notify_type=kind))


def ping(url: str) -> str:
    """Say "alive" to a dead man's switch (healthchecks.io and the like). "" when it was heard, else why not."""
    try:
        answer = httpx.get(url, timeout=10.0)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{type(error).__name__}"
    return "" if answer.is_success else f"answered {answer.status_code}"
