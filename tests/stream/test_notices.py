"""Does a notice say in one sentence what was seen and what is usual, and to whom is it said?"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from detectors.judge import kept
from schemas.batch import Array
from schemas.models import Notice
from stream.notices import SENTENCES, NoticeBuilder
from stream.pipeline import Pipeline
from stream.port_stage import Verdicts
from stream.words import Word
from tests.stream.logs import CONFIG, border, single

WORDS = [
    Word("reader_fault", "direction", 100, 0, None, 1, 1e-9, 0.0, (58.2, 61.0), 6),
    Word("reader_fault", "lane", 100, 0, "G07", 0, 1e-12, 0.0, (20.0, 20.0), 24),
    Word("reader_fault", "confidence", 100, 0, "G07", 0, None, 0.61, (0.93, 0.97)),
    Word("flow_anomaly", "less", 100, 1, None, -1, 1e-7, 18.0, (62.0, 64.0), 6),
    Word("flow_anomaly", "more", 100, 1, None, -1, 1e-7, 1800.0, (620.0, 640.0), 24),
    Word("flow_anomaly", "shift", 100, 1, None, -1, None, 1800.0, (1320.0, 1320.0), 24),
    Word("flow_anomaly", "new", 100, 1, None, -1, None, 31.0, (0.0, 0.0), 5),
    Word("drift", "detector", 100, observed=0.163, usual=(0.102, 0.102), column=0),
    Word("displacement", "mix", 100, 1, None, -1, 1e-8, 0.44, (0.12, 0.12), 168, 0, 2),
]


def pipeline() -> Pipeline:
    """One that knows the ports of the border."""
    return single(CONFIG, border()[1])


def test_every_kind_of_word_has_its_sentence_and_its_audience() -> None:
    """One notice each, with different ids, that the schema reads back."""
    notices = pipeline().notices.notices(WORDS)
    assert set(SENTENCES) == {word.about for word in WORDS}
    assert len(WORDS) == len({notice.notice_id for notice in notices})
    for word, notice in zip(WORDS, notices, strict=True):
        assert ("supervisor" if word.kind in {"drift", "displacement"} else "operator") == notice.audience
        assert notice == Notice.model_validate_json(notice.to_json())
        assert "{" not in notice.sentence
        assert "1970-01-05T05:00:00.000Z" in notice.to_json().decode()


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (0, ("No outbound reads at port {0} in the last 6 h (0, usually 58 to 61) while the other direction flows: the "
            "reader may be down.")),
        (2, ("Reads in lane G07 of port {0} (inbound) have lost confidence: 0.61 on average, usually 0.93 to 0.97: the "
            "reader may be dirty or out of line.")),
        (4, "Far more traffic at port {1} in the last 24 h: 1,800, usually 620 to 640."),
        (7, "odd_hour@{v} finds 16.3 % of its answers odd, usually 10.2 %: it is calibrated anew on what comes now."),
        (8, ("odd_hour@{v} has moved to port {1}: 44 % of its alerts of the last week are there, before it was 12 %; "
            "port {2} has lost most.")),
    ],
)  # fmt: skip
def test_sentences(place: int, sentence: str) -> None:
    """Numbers with what is usual, in words."""
    made = pipeline()
    version = made.layout.names[0].partition("@")[2]
    assert sentence.format(*border()[1], v=version) == made.notices.notices(WORDS)[place].sentence


def test_the_same_word_has_the_same_id_under_the_same_configuration() -> None:
    """And another one under another."""
    made = pipeline()
    other = NoticeBuilder(made.layout, made.ports, "sha256:" + "1" * 64)
    first, again, changed = (builder.notices(WORDS[:1])[0] for builder in (made.notices, made.notices, other))
    assert first == again
    assert first.notice_id != changed.notice_id


def odd_for_integrity(made: Pipeline, crossings: int) -> Verdicts:
    """Decided crossings of one day, one vehicle and officer, on which a detector of that audience is very sure."""
    batch, _ = border()
    rows = made.vehicles.push(batch.take(slice(0, crossings)), len(made.ports))
    ordered = made.reorder.push(rows)
    assert ordered is not None
    verdicts = next(v for v in made.at_ports.push(ordered, len(made.ports)) if len(v.said) > 1)
    column = made.layout.column["officer_affinity"]
    said, evidence = verdicts.said.copy(), verdicts.assessed.evidence.copy()
    said[:, column] = kept(math.log(1e-6))
    evidence[:, made.layout.slices["officer_affinity"]] = 7.0
    same: dict[str, Array] = {
        "vehicle_key": np.full(len(said), 9, np.uint64),
        "officer": np.full(len(said), 4, np.uint64),
        "port": np.zeros(len(said), np.int32),
    }
    batch = dataclasses.replace(verdicts.assessed.batch, **same)
    return verdicts._replace(said=said, assessed=verdicts.assessed._replace(batch=batch, evidence=evidence))


def test_integrity_is_told_once_a_day_and_apart() -> None:
    """A vehicle and officer at a port: one notice for the integrity role, with the crossing, none in an alert."""
    made = pipeline()
    verdicts = odd_for_integrity(made, 400)
    assert len(verdicts.said) > 1
    (notice,) = list(made.notices.integrity(verdicts))
    assert ("integrity", "integrity") == (notice.kind, notice.audience)
    assert verdicts.assessed.batch.crossing_id[0] == notice.crossing_id
    assert notice.p_value == pytest.approx(1e-6, rel=0.1)
    assert notice == Notice.model_validate_json(notice.to_json())
    assert [] == list(made.notices.integrity(verdicts))
    next_day = dataclasses.replace(verdicts.assessed.batch, time_ms=verdicts.assessed.batch.time_ms + 86_400_000)
    later = verdicts._replace(assessed=verdicts.assessed._replace(batch=next_day))
    assert 1 == len(list(made.notices.integrity(later)))
