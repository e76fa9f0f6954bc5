"""How do crossings run through one process? The embedded runner: source, codec, pipeline, sinks, checkpoint."""

from __future__ import annotations

import gc
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.dispositions import decode
from schemas.errors import Reject, Unavailable
from stream.checkpoint import Saved, StateFolder
from stream.lines import Block
from stream.observer import Observer
from stream.sinks import DeadLetter, Sink
from stream.sources import Source
from stream.tally import Tally

if TYPE_CHECKING:
    from schemas.codec import Codec
    from schemas.ports import Ports
    from stream.pipeline import Decided, Pipeline


class Parts(NamedTuple):
    """What a run is made of; ops/wiring.py builds it."""

    source: Source
    codec: Codec
    pipeline: Pipeline
    ports: Ports
    sinks: Sequence[Sink]
    dead_letter: DeadLetter
    dispositions: Source | None = None  # a recorded file is read whole at the start, a followed one as it grows


@dataclass(frozen=True)
class Policy:
    """When to save, to flush and to wait. The defaults are those of a replay at full speed."""

    checkpoint_every_crossings: int = 500_000
    checkpoint_every_s: float | None = None  # live
    idle_flush_s: float | None = None  # live: release what waits for the watermark when nothing came for so long
    speed: float | None = None  # event time may not pass faster than so many times the wall clock


class Seen(NamedTuple):
    """What a progress display gets after every block."""

    tally: Tally
    bytes_read: int
    checkpoints: int


class Runner:
    """Runs a source to its end, or until `stop` is set.

    Delivery with a state folder: every line has its effect on the alerts exactly once, whatever crashes: state,
    position of the source and positions of the sinks are saved together, and the sinks are cut back on resume.
    The last checkpoint of a finished run is taken before the final flush, so that a log that has grown goes on as if
    it had been whole from the start.
    """

    def __init__(
        self,
        parts: Parts,
        policy: Policy,
        *,
        state: StateFolder | None = None,
        identity: Mapping[str, str] | None = None,
        stop: threading.Event | None = None,
        progress: Callable[[Seen], None] = lambda _: None,
        observer: Observer | None = None,
    ) -> None:
        self.parts, self.policy, self.progress = parts, policy, progress
        self._observer = observer or Observer()
        self._state, self._identity = state, dict(identity or {})
        self._stop = stop or threading.Event()
        self.tally = Tally(parts.pipeline.detector_names)
        self.ended = False  # the input was read to its end (or to where it failed), and every output is complete
        self._since_checkpoint = 0
        self._saved_at = self._data_at = time.monotonic()
        self._waiting = False  # something may wait for the watermark
        self.checkpoints = 0  # written by this process
        self._pace: tuple[float, float] | None = None  # wall clock and event time (s) of the first crossing

    def resume(self, saved: Saved | None) -> None:
        """Go on from a checkpoint, or begin; ConfigError or Unavailable when source or sinks do not fit it."""
        if saved is not None:
            self.parts.pipeline.load(saved.pipeline)
            self.parts.source.seek(saved.source)
            if self.parts.dispositions is not None and saved.dispositions is not None:
                self.parts.dispositions.seek(saved.dispositions)
            self.tally = Tally.from_json(self.parts.pipeline.detector_names, saved.counters)
            self._count_pipeline()
        for sink in self.parts.sinks:
            sink.truncate(saved.sinks.get(sink.name, 0) if saved else 0)
        self.parts.dead_letter.truncate(saved.sinks["dead_letter"] if saved else 0)

    def run(self) -> Tally:
        """The counts at the end. Unavailable when a source or sink fails; the last checkpoint then stands."""
        gc.collect()
        gc.freeze()  # what is loaded now stays: the collector need not look at it again and again
        failure: Unavailable | None = None
        blocks = self.parts.source.blocks()
        said = iter(()) if self.parts.dispositions is None else self.parts.dispositions.blocks()
        while not self._stop.is_set():
            self._hear(said)
            try:
                block = next(blocks, None)
            except Unavailable as problem:  # what was read before it still counts
                failure, block = problem, None
            if block is None:
                break
            self._take(block)
            self.progress(Seen(self.tally, self.parts.source.consumed(), self.checkpoints))
        stopped = self._stop.is_set()
        self.checkpoint()
        if not stopped:
            self._end()
        if failure is not None:
            raise failure
        return self.tally

    def _hear(self, blocks: Iterator[Block]) -> None:
        """Every disposition that is there now; those of a recorded file wait in the pipeline for their time."""
        while (block := next(blocks, None)) is not None and block.data:
            decoded = decode(block.data, line=block.line, offset=block.offset)
            self.parts.dead_letter.write([_whole_length(reject, block.omitted) for reject in decoded.rejects])
            self._observer.refused(decoded.rejects)
            self.tally.dispositions_rejected += len(decoded.rejects)
            self.parts.pipeline.learn(decoded.given)
            self._count_pipeline()
            self._since_checkpoint += 1

    def _take(self, block: Block) -> None:
        """One block through everything."""
        if not block.data:
            self._idle()
            return
        with self._timed("decode"):
            decoded = self.parts.codec.decode(block.data, line=block.line, offset=block.offset)
        rejects = [_whole_length(reject, block.omitted) for reject in decoded.rejects]
        self.parts.dead_letter.write(rejects)
        self._observer.refused(rejects)
        self.tally.take_rejects(rejects)
        self.tally.lines += decoded.lines
        if len(decoded.batch):
            self._wait_for(decoded.batch.time_ms)
            self._observer.came(int(decoded.batch.time_ms.max()))
            with self._timed("assess"):
                decided = self.parts.pipeline.push(decoded.batch)
            self._emit(decided)
            self._waiting, self._data_at = True, time.monotonic()
        self._since_checkpoint += decoded.lines
        if self._due():
            self.checkpoint()

    def _emit(self, decided: Decided) -> None:
        with self._timed("write"):
            for sink in self.parts.sinks:
                sink.write(decided)
        self.tally.take(decided)
        self._count_pipeline()

    def _count_pipeline(self) -> None:
        counters = self.parts.pipeline.counters
        self.tally.accepted, self.tally.duplicates = counters["accepted"], counters["duplicates"]
        self.tally.late = counters["late"]
        self.tally.dispositions = Counter(self.parts.pipeline.dispositions)

    def _idle(self) -> None:
        """Nothing came: in live, release what waits; save what is not saved yet."""
        after = self.policy.idle_flush_s
        if self._waiting and after is not None and time.monotonic() - self._data_at >= after:
            self._emit(self.parts.pipeline.flush())
            self._waiting = False
            self._since_checkpoint += 1  # the flush is a change
        if self._due():
            self.checkpoint()

    def _due(self) -> bool:
        if self._state is None or not self._since_checkpoint:
            return False
        every_s = self.policy.checkpoint_every_s
        if every_s is not None and time.monotonic() - self._saved_at >= every_s:
            return True
        return self._since_checkpoint >= self.policy.checkpoint_every_crossings

    def _wait_for(self, time_ms: Any) -> None:
        """Replays at N times real time wait until the wall clock has caught up with the block's newest event."""
        if self.policy.speed is None:
            return
        newest = float(time_ms.max()) / 1000
        if self._pace is None:
            self._pace = (time.monotonic(), float(time_ms.min()) / 1000)
        wall, event = self._pace
        self._stop.wait(max(0.0, (newest - event) / self.policy.speed - (time.monotonic() - wall)))

    def checkpoint(self) -> None:
        """Make everything so far safe. Nothing to do without a state folder."""
        if self._state is not None:
            with self._timed("checkpoint"):
                self._checkpoint(self._state)

    def _checkpoint(self, state: StateFolder) -> None:
        sinks = {sink.name: sink.position() for sink in self.parts.sinks}
        sinks["dead_letter"] = self.parts.dead_letter.position()
        position = self.parts.source.position()
        said = self.parts.dispositions
        state.save(
            self.parts.pipeline.save, source=position, sinks=sinks, counters=self.tally.to_json(),
            ports=self.parts.ports.to_json(), identity=self._identity,
            dispositions=None if said is None else said.position(),
        )  # fmt: skip
        self.parts.source.release(position)
        self._since_checkpoint, self._saved_at = 0, time.monotonic()
        self.checkpoints += 1

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._observer.took(stage, time.monotonic() - began)

    @property
    def unsaved_s(self) -> float:
        """Seconds since everything was safe; 0 where nothing came since."""
        return time.monotonic() - self._saved_at if self._since_checkpoint else 0.0

    def _end(self) -> None:
        """Decide what still waits, complete the outputs, and check that no line was lost."""
        self._emit(self.parts.pipeline.flush())
        for sink in self.parts.sinks:
            sink.finish()
        self.parts.dead_letter.position()
        self.progress(Seen(self.tally, self.parts.source.consumed(), self.checkpoints))
        if not self.tally.balances():
            raise AssertionError(f"lines were lost, please report this: {self.tally}")
        self.ended = True

    def close(self) -> None:
        """Close the source and the sinks."""
        self.parts.source.close()
        if self.parts.dispositions is not None:
            self.parts.dispositions.close()
        for sink in self.parts.sinks:
            sink.close()
        self.parts.dead_letter.close()
        gc.unfreeze()


def _whole_length(reject: Reject, omitted: int) -> Reject:
    """The true length of a line of which the source left out the rest."""
    return replace(reject, length=reject.length + omitted) if omitted else reject
