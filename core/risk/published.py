"""The limits that go into a publication: a person's settings, tightened where the inputs are poor. Pure."""

from core.config import RiskSettings
from core.publication import PublishedLimits
from core.units import Money


def event_limit(risk: RiskSettings, quality: list[str]) -> Money:
    """The loss allowed on one event: the setting less a fifth for each thing missing, never below two fifths."""
    return Money(risk.max_loss_event * max(2, 5 - len(quality)) // 5)


def totals(risk: RiskSettings) -> PublishedLimits:
    """The limits over all events."""
    return PublishedLimits(risk.max_loss_total, risk.max_loss_city, risk.max_daily_loss)
