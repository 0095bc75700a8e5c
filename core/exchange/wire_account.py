"""Kalshi's field names in what it says of itself and of an account: status, schedule, limits, keys. As in `wire.py`."""

import msgspec

from core.exchange.wire import Model


class Shard(Model, frozen=True):
    """One exchange shard's state."""

    exchange_index: int
    exchange_active: bool
    trading_active: bool


class Status(Model, frozen=True):
    """GET /exchange/status."""

    exchange_active: bool
    trading_active: bool
    exchange_estimated_resume_time: str | None = None
    exchange_index_statuses: tuple[Shard, ...] | None = None


class AsOf(Model, frozen=True):
    """GET /exchange/user_data_timestamp."""

    as_of_time: str


class BucketModel(Model, frozen=True):
    """A token bucket: tokens a second, and how many it holds."""

    refill_rate: float
    bucket_capacity: float


class Limits(Model, frozen=True):
    """GET /account/limits."""

    usage_tier: str
    read: BucketModel
    write: BucketModel


class Cost(Model, frozen=True):
    """What one endpoint costs."""

    method: str
    path: str
    cost: int


class Costs(Model, frozen=True):
    """GET /account/endpoint_costs; only what differs from the default is listed."""

    default_cost: int
    endpoint_costs: list[Cost]


class ScheduleModel(Model, frozen=True):
    """`schedule`; shown to people, never computed with."""

    maintenance_windows: list[dict[str, str]]
    standard_hours: list[msgspec.Raw]


class ScheduleAnswer(Model, frozen=True):
    """GET /exchange/schedule."""

    schedule: ScheduleModel


class KeyModel(Model, frozen=True):
    """One API key of the account."""

    api_key_id: str
    scopes: list[str]


class KeysAnswer(Model, frozen=True):
    """GET /api_keys."""

    api_keys: list[KeyModel]
