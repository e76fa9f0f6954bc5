"""What is a partition's checkpoint, beside the rows of its table? What its stage keeps, and where it stands.

Pure: `stream/homes.py` writes it to a topic and reads it from there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from stream.changelog import Restored
from stream.exchange import Board
from stream.kept import Kept, keep_ports, keep_vehicles, keep_waiting, restore_ports, restore_vehicles, restore_waiting
from stream.port_partition import PortPartition
from stream.vehicle_partition import VehiclePartition

WAITING = "waiting"


class Standing(NamedTuple):
    """Arrays and plain values."""

    kept: Kept
    values: dict[str, Any]


def stand(partition: VehiclePartition | PortPartition, exchange_to: int) -> Standing:
    """A partition as it stands; `exchange_to`: the exchange was heard up to there."""
    if isinstance(partition, VehiclePartition):
        kept = keep_vehicles(partition.stage)
        lines = {str(log): line for log, line in partition.passed.lines.items()}
        own: dict[str, Any] = {"reached_ms": partition.passed.reached_ms, "lines": lines}
    else:
        partition.hold_ready()
        kept = keep_ports(partition.stage, partition.layout)
        kept.arrays[WAITING] = keep_waiting(partition.reorder)
        own = {
            "passed_ms": partition.passed_ms, "matched": partition.matched, "heard": partition.heard.tolist(),
            "idle_at": partition.idle_at.tolist(), "told": dict(partition.notices.told),
        }  # fmt: skip
    board = partition.board
    values = own | {
        "position": partition.position, "closed": partition.closed, "taken": partition.taken,
        "counts": dict(partition.counts), "board": list(board.closed),
        "floors": board.floors.get(partition.number, []),
        "exchange_from": board.unheard_from(partition.taken, exchange_to),
    }  # fmt: skip
    return Standing(kept, values)


def restore_vehicle(partition: VehiclePartition, restored: Restored | None) -> None:
    """Have a fresh partition, its table read back, stand where the checkpoint was; None: at the beginning."""
    if restored is not None:
        values = restored.values
        restore_vehicles(partition.stage, restored.kept)
        partition.read_to = values["position"]
        partition.passed.reached_ms = values["reached_ms"]
        partition.passed.lines = {int(log): line for log, line in values["lines"].items()}
        _restore(partition, partition.board, values)
    partition.passed.clock = partition.stage.clock  # what the stage keeps is the clock of what is assessed
    partition.intake.standing = partition.passed.copy()


def restore_port(partition: PortPartition, restored: Restored | None) -> None:
    """The same for a port partition."""
    if restored is None:
        return
    values = restored.values
    restore_ports(partition.stage, partition.layout, restored.kept)
    restore_waiting(partition.reorder, dict(restored.kept.arrays[WAITING]))
    partition.passed_ms, partition.matched = values["passed_ms"], values["matched"]
    partition.heard[:], partition.idle_at[:] = values["heard"], values["idle_at"]
    partition.notices.told = dict(values["told"])
    _restore(partition, partition.board, values)


def _restore(partition: VehiclePartition | PortPartition, board: Board, values: dict[str, Any]) -> None:
    partition.position, partition.closed, partition.taken = values["position"], values["closed"], values["taken"]
    partition.counts.update(values["counts"])
    for number, hour in enumerate(values["board"]):
        board.closed[number] = max(board.closed[number], hour)
    floors = board.floors.setdefault(partition.number, [])
    floors += [(at, hour) for at, hour in values["floors"] if (at, hour) not in floors]
