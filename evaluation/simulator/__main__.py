"""How is a generated border written from the shell? `python -m evaluation.simulator --seed 1 --days 90 --out DIR`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from evaluation.simulator import generate


@click.command()
@click.option("--seed", default=1, show_default=True, type=click.IntRange(min=0))
@click.option("--days", default=90, show_default=True, type=click.IntRange(min=1))
@click.option("--vehicles", default=20_000, show_default=True, type=click.IntRange(min=1))
@click.option("--ports", default=30, show_default=True, type=click.IntRange(min=1, max=1000))
@click.option("--planted-rate", default=0.0005, show_default=True, type=click.FloatRange(0, 0.2))
@click.option("--crossings", default=None, type=click.IntRange(min=1), help="About how many; sets the mix of vehicles.")
@click.option("--start", default="2026-01-05", show_default=True, help="First day, ISO date.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
def main(
    seed: int, days: int, vehicles: int, ports: int, planted_rate: float, crossings: int | None, start: str, out: Path
) -> None:
    """Write a generated border log: crossings.jsonl, labels.csv, benign.csv, episodes.csv."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("drawing lives", total=None)
        try:
            traffic = generate(seed, days, vehicles, ports, planted_rate, start, crossings)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
        bar.update(task, description="writing", total=len(traffic.arrival))
        try:
            traffic.write(out, lambda done: bar.update(task, completed=done))
        except OSError as error:
            raise click.ClickException(f"cannot write {out}: {error.strerror}; choose another --out") from error
    console.print(
        f"{len(traffic):,} crossings, {len(traffic.labels):,} labelled in {len(traffic.episodes):,} episodes, "
        f"{len(traffic.benign):,} benign oddities: {out}"
    )


if __name__ == "__main__":
    main()
