"""When is a vehicle partition not waited for? When it says that nothing is there to come, and producers agree.

What it said may be older than what was sent, and its owner dead: then the port stage must wait for the next owner.
"""

from __future__ import annotations

from stream.clock import NEVER
from stream.dealer import Dealer, Said
from stream.messages import Progress
from stream.packets import BUSY, NOTHING, Packet, Part
from stream.sessions import EVER, PATIENCE_S, Sessions
from tests.stream.logs import CONFIG, border
from tests.stream.partitions import Cluster

FAR_MS, NEAR_MS = 9_000_000, 1_000_000


def test_a_silence_counts_as_far_as_producers_have_sent() -> None:
    """Whoever said it had read up to offset 12; a thirteenth record is waited for, and while somebody sends, any."""
    partition = Cluster(CONFIG, border()[1], 2, 1).at_ports[0]
    partition.offer(Packet([Part(0, FAR_MS, BUSY, 0), Part(1, NEAR_MS, 12, 0)], None, NOTHING, NOTHING), 1)
    watermarks = []
    for sent_to in (0, 12, 13, EVER):
        partition.sent_to[:] = [0, sent_to]
        watermarks.append(partition.watermark + CONFIG.lateness_ms)
    assert [FAR_MS, FAR_MS, NEAR_MS, NEAR_MS] == watermarks


def test_an_owner_says_at_once_that_its_partition_is_not_silent() -> None:
    """Also where it has nothing to say yet: an owner before may have said otherwise."""
    dealer = Dealer(2)
    assert [[Part(0, NEVER, 5, 0)]] * 2 == [packet.parts for _, packet in dealer.deal([Said(0, NEVER, 5, None)])]
    dealer.forget()
    again = Said(0, NEVER, BUSY, None)
    assert [[Part(0, NEVER, BUSY, 0)]] * 2 == [packet.parts for _, packet in dealer.deal([again])]
    assert [] == list(dealer.deal([again]))


def test_producers_have_sent_what_all_of_them_said() -> None:
    """Of every partition the furthest of all logs; as long as one is at work there may be more, until it has gone."""
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    assert [0, 0] == sessions.sent_to(2)
    sessions.hear(Progress(1, 9, 0, {0: 7}, done=True))
    sessions.hear(Progress(2, 0, 0, {}))
    assert [EVER, EVER] == sessions.sent_to(2)
    sessions.hear(Progress(2, 4, 0, {0: 5, 1: 3}))
    now[0] = PATIENCE_S + 1
    assert [7, 3] == sessions.sent_to(2)
