"""What the stream says of an event's own fees (`event_fee_update`, on market_lifecycle_v2). Pure.

Its fees are listed too, but only the flows read that list, every quarter of an hour.
"""

import msgspec

from core import messages as m
from core.errors import Malformed
from core.exchange import translate, wire_stream
from core.fees import fees_of
from core.units import Instant


def changed(raw: msgspec.Raw, at: Instant) -> m.FeesChanged:
    """Both None: the series' fees hold again. Half of it, or a fee that we cannot compute, is one that nobody knows.

    Raises: Malformed where not even the event is named.
    """
    said = translate.decode(raw, wire_stream.EventFeeMsg)
    if (said.fee_type_override, said.fee_multiplier_override) == (None, None):
        return m.FeesChanged(at, said.event_ticker, 0, cleared=True)
    try:
        if said.fee_type_override is None or said.fee_multiplier_override is None:
            return m.FeesChanged(at, said.event_ticker, None)
        return m.FeesChanged(at, said.event_ticker, fees_of(said.fee_type_override, said.fee_multiplier_override).maker)
    except Malformed:
        return m.FeesChanged(at, said.event_ticker, None)
