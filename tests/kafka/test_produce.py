"""Does `linewatch produce` bring every line of a log into the topic, in order, whatever happens on the way?"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ops.local_kafka import LocalKafka
from schemas.codec import Codec
from schemas.plates import Pseudonymiser
from schemas.ports import Ports
from stream.clock import NEVER, EventClock
from stream.kafka_clients import Connection
from stream.produced import registered_ports
from tests.kafka.topic_contents import Sent, crossings, heard, records, words
from tests.ops.running import PLATE_KEY, Ended, linewatch, start, wait_for, write_log

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.slow]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small border's log with bad lines, blank ones, raw plates and a time that stands in 2090."""
    path = write_log(tmp_path_factory.mktemp("log") / "log.jsonl", vehicles=1_500)
    lines = path.read_bytes().splitlines()
    for place in range(30, len(lines), 97):
        crossing = json.loads(lines[place])
        plate = {"plate": f"QZX {place}", "plate_jurisdiction": "TX"}
        lines[place] = json.dumps({k: v for k, v in crossing.items() if k != "vehicle"} | plate).encode()
        lines[place + 1 : place + 3] = [b"", b'{"crossing_id": %d, "plate": "QZX %d"}' % (place, place)]
    stray = json.loads(lines[50]) | {"crossing_id": "stray", "occurred_at": "2090-01-01T00:00:00Z"}
    lines[50] = json.dumps(stray).encode()
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


@pytest.fixture
def at(broker: LocalKafka, prefix: str) -> tuple[str, ...]:
    """The flags that name the broker and the topics of the test; few partitions are quick to make."""
    settings = {"kafka_bootstrap": broker.bootstrap, "kafka_topics": prefix, "kafka_partitions": 5}
    return tuple(word for name, value in settings.items() for word in ("--set", f"{name}={value}"))


def filled(log: Path) -> list[tuple[int, bytes]]:
    """Number and content of each line that is not blank, without plates."""
    lines = Pseudonymiser(bytes.fromhex(PLATE_KEY)).rewrite_plates(log.read_bytes()).split(b"\n")
    return [(number, line) for number, line in enumerate(lines, 1) if line]


def complete(sent: list[Sent], log: Path) -> None:
    """A worker takes every line of the log once, each vehicle's in order from one partition."""
    taken = heard(sent)
    assert filled(log) == [(record.mark.line, record.value) for record in taken]
    places: dict[bytes | None, set[int]] = {}
    for record in taken:
        places.setdefault(record.key, set()).add(record.partition)
    assert {1} == {len(some) for key, some in places.items() if key is not None}


def done(ended: Ended) -> None:
    """It ended well."""
    assert 0 == ended.code, ended.err


def test_every_line_is_in_the_topic_once_marked_with_its_place(
    connection: Connection, prefix: str, log: Path, at: tuple[str, ...], tmp_path: Path
) -> None:
    """Marks are those of the whole log's clock; no plate is anywhere; ports are announced in the log's order."""
    ended = linewatch(tmp_path, "produce", log, *at)
    done(ended)
    sent = crossings(connection, prefix)
    complete(sent, log)
    assert len(filled(log)) == len(sent)
    assert 5 == len({record.partition for record in sent})
    assert not [r for topic in ("crossings", "exchange", "ports") for r in records(connection, f"{prefix}.{topic}")
                if b"QZX" in r.value + (r.key or b"")]  # fmt: skip

    ports = Ports.open()
    decoded = Codec(ports, Pseudonymiser(bytes.fromhex(PLATE_KEY))).decode(log.read_bytes())
    assert ports.names == registered_ports(connection, f"{prefix}.ports")
    reached = EventClock().reached(decoded.batch.time_ms)
    before = np.concatenate([reached[:1], reached[:-1]])
    marks = [record.mark for record in heard(sent) if record.key is not None]
    assert list(zip(before, reached, strict=True)) == [(mark.before_ms, mark.reached_ms) for mark in marks]
    assert decoded.batch.vehicle.tolist() == [r.key.decode() for r in heard(sent) if r.key is not None]
    counts = {row[:24].strip(): row[26:] for row in ended.out.splitlines()}
    assert f"{len(decoded.batch):,}" == counts["crossings"]
    assert f"{len(decoded.rejects):,}" == counts["rejects"]

    first, *_, last = words(connection, prefix)
    ends = dict(Counter(record.partition for record in sent))
    assert (0, int(NEVER), {}, False) == (first.line, first.reached_ms, first.ends, first.done)
    assert (filled(log)[-1][0], int(reached[-1]), ends, True) == (last.line, last.reached_ms, last.ends, last.done)
    assert {first.log} == {last.log} == {record.mark.log for record in sent}


def test_a_log_that_was_sent_is_not_sent_again_unless_asked(
    connection: Connection, prefix: str, log: Path, at: tuple[str, ...], tmp_path: Path
) -> None:
    """Then it counts as another log, with the same marks otherwise."""
    done(linewatch(tmp_path, "produce", log, *at))
    once = crossings(connection, prefix)
    again = linewatch(tmp_path, "produce", log, *at)
    done(again)
    assert "were sent before; --again sends them once more" in again.err
    assert once == crossings(connection, prefix)
    done(linewatch(tmp_path, "produce", log, *at, "--again"))
    twice = crossings(connection, prefix)
    assert 2 == len({record.mark.log for record in twice})
    for session in {record.mark.log for record in twice}:
        complete([record for record in twice if record.mark.log == session], log)
    assert "sent before" in linewatch(tmp_path, "produce", log, *at).err


@pytest.mark.crash
def test_killed_at_random_moments_and_begun_again_nothing_is_missing(
    connection: Connection, prefix: str, log: Path, at: tuple[str, ...], tmp_path: Path
) -> None:
    """What is in a partition twice is what was in it before, with the same marks."""
    chance, kills = random.Random(4), 0
    for _ in range(12):
        child = start(tmp_path, "produce", log, *at, "--progress", "lines", "--set", "batch_lines=200")
        wait_for(child, "progress")
        try:
            code = child.wait(chance.uniform(0, 0.4) if kills < 4 else 60)
        except subprocess.TimeoutExpired:
            child.kill()
            code = child.wait()
        child.stderr.close()  # type: ignore[union-attr]
        kills += code == -signal.SIGKILL
        if code == 0:
            break
    assert kills >= 2
    assert code == 0
    sent = crossings(connection, prefix)
    complete(sent, log)
    assert len(sent) > len(filled(log))
    by_mark: dict[int, set[Sent]] = {}
    for record in sent:
        by_mark.setdefault(record.mark.line, set()).add(record._replace(offset=0))
    assert {1} == {len(same) for same in by_mark.values()}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_asked_to_stop_it_says_how_far_it_came_and_goes_on_from_there(
    number: int, code: int, connection: Connection, prefix: str, log: Path, at: tuple[str, ...], tmp_path: Path
) -> None:
    """Nothing is sent twice then: everything was acknowledged."""
    child = start(tmp_path, "produce", log, *at, "--progress", "lines", "--speed", "500000", stdout=subprocess.PIPE)
    wait_for(child, "progress")
    child.send_signal(number)
    _, err = child.communicate(timeout=60)
    assert code == child.returncode, err
    assert "stopped after line" in err
    stopped = words(connection, prefix)[-1]
    sent = crossings(connection, prefix)
    assert not stopped.done
    assert stopped.line == max(record.mark.line for record in sent)
    assert stopped.ends == Counter(record.partition for record in sent)
    ended = linewatch(tmp_path, "produce", log, *at)
    done(ended)
    assert "sent before" in ended.out
    sent = crossings(connection, prefix)
    complete(sent, log)
    assert len(filled(log)) == len(sent)


def test_a_paced_log_takes_as_long_as_it_should_and_says_all_the_time_how_far_it_is(
    connection: Connection, prefix: str, at: tuple[str, ...], tmp_path: Path
) -> None:
    """A worker hears at least twice a second how far the log has come, and a stray time is not waited for."""
    path = write_log(tmp_path / "log.jsonl", days=1, vehicles=200)
    lines = path.read_bytes().splitlines()
    lines[3:3] = [json.dumps(json.loads(lines[0]) | {"occurred_at": "2090-01-01T00:00:00Z"}).encode()]
    path.write_bytes(b"\n".join(lines))
    reached = EventClock().reached(
        Codec(Ports.open(), Pseudonymiser(bytes(32))).decode(path.read_bytes()).batch.time_ms
    )
    speed = (reached[-1] - reached[0]) / 2000
    started = time.monotonic()
    done(linewatch(tmp_path, "produce", path, *at, "--speed", speed))
    assert time.monotonic() - started > 2
    complete(crossings(connection, prefix), path)
    assert len(words(connection, prefix)) > 4


def test_ports_that_others_announced_keep_their_numbers(
    connection: Connection, prefix: str, log: Path, at: tuple[str, ...], tmp_path: Path
) -> None:
    """What is new follows behind them; a closed registry announces nothing."""
    names = ["zz", "0901"]
    other = tmp_path / "other.jsonl"
    line = json.loads(log.read_bytes().splitlines()[0])
    other.write_text("".join(json.dumps(line | {"port": name}) + "\n" for name in names))
    done(linewatch(tmp_path, "produce", other, *at))
    done(linewatch(tmp_path, "produce", log, *at))
    codes = registered_ports(connection, f"{prefix}.ports")
    assert names == codes[:2]
    assert len(codes) == len(records(connection, f"{prefix}.ports"))
    done(linewatch(tmp_path, "produce", log, *at, "--again", "--ports", "us"))
    assert codes == registered_ports(connection, f"{prefix}.ports")


def test_dispositions_are_sent_first_and_once(
    connection: Connection, prefix: str, at: tuple[str, ...], tmp_path: Path
) -> None:
    """Those that are added to the file later are sent the next time; their key is the crossing."""
    log = write_log(tmp_path / "log.jsonl", days=1, vehicles=50)
    lines = [b'{"disposition_id": "d%d", "crossing_id": "c%d", "note": "x"}' % (k, k % 3) for k in range(5)]
    lines += [b"no json", b'{"disposition_id": "d9", "plate": "QZX 4711"}']
    file = tmp_path / "found.jsonl"
    file.write_bytes(b"\n".join(lines[:4]) + b"\n\n")
    words = ["produce", log, *at, "--dispositions", file]
    done(linewatch(tmp_path, *words))
    file.write_bytes(b"\n".join(lines) + b"\n")
    again = linewatch(tmp_path, *words)
    done(again)
    assert "3 dispositions" in again.err
    there = records(connection, f"{prefix}.dispositions")
    assert lines[:6] == [record.value for record in there[:6]]
    assert b"QZX" not in there[6].value
    assert [b"c0", b"c1", b"c2", b"c0", b"c1", None, None] == [record.key for record in there]


def test_standard_input_is_sent_as_it_comes(
    connection: Connection, prefix: str, log: Path, at: tuple[str, ...], tmp_path: Path
) -> None:
    """A line is in the topic although the pipe is still open; given again from its start it goes on."""
    data = log.read_bytes()
    child = start(
        tmp_path, "produce", "-", *at, "--progress", "lines", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert child.stdin is not None
    child.stdin.buffer.write(data[:100_000])  # type: ignore[attr-defined]
    child.stdin.flush()
    wait_for(child, "sent=")
    child.kill()
    child.communicate()
    done(linewatch(tmp_path, "produce", "-", *at, stdin=data))
    complete(crossings(connection, prefix), log)


def test_a_log_that_was_cut_since_is_refused(
    connection: Connection, prefix: str, log: Path, at: tuple[str, ...], tmp_path: Path
) -> None:
    """Its lines would be marked as others were."""
    child = start(tmp_path, "produce", log, *at, "--progress", "lines", "--speed", "500000", stdout=subprocess.PIPE)
    wait_for(child, "progress")
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert words(connection, prefix)[-1].line > 1
    short = tmp_path / "short.jsonl"
    short.write_bytes(log.read_bytes().split(b"\n")[0] + b"\n")
    ended = linewatch(tmp_path, "produce", short, *at)
    assert 1 == ended.code
    assert "ends at line 1, but" in ended.err


def test_a_log_without_a_line_sends_nothing(
    connection: Connection, prefix: str, at: tuple[str, ...], tmp_path: Path
) -> None:
    """Not a word in the exchange either."""
    (tmp_path / "log.jsonl").write_bytes(b"\n \n")
    done(linewatch(tmp_path, "produce", "log.jsonl", *at))
    assert [] == crossings(connection, prefix)
    assert [] == words(connection, prefix)
