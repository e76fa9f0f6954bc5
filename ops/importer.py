"""What does `linewatch import` take and say? The command: options, progress bar, summary, exit code."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ops.import_crossing import Pseudonyms
    from ops.import_log import Progress, Summary
    from ops.mapping import ImportMap

SORT_MEMORY_MB = 256


@click.command("import", short_help="Plate reads in CSV, JSON lines or Parquet to a log of crossings.")
@click.argument("files", nargs=-1, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--map", "map_name", metavar="MAP", help="A map file (.yaml), or the name of a ready map.")
@click.option("--out", type=click.Path(path_type=Path), help="The log to write (.jsonl, .jsonl.gz, .jsonl.zst).")
@click.option("--rejects", type=click.Path(path_type=Path), help="Where refused rows go. Default: OUT.rejects.jsonl")
@click.option("--no-sort", is_flag=True, help="Keep the order of the source instead of sorting by event time.")
@click.option("--sort-memory", "memory_mb", type=click.IntRange(1), default=SORT_MEMORY_MB, show_default=True,
              help="Memory for sorting, MB; what does not fit is sorted on disk beside OUT.")  # fmt: skip
@click.option("--plate-key", type=click.Path(path_type=Path), help="Key file for the pseudonyms of plates.")
@click.option("--list-maps", "show_maps", is_flag=True, help="Name the ready maps and stop.")
def import_command(
    files: tuple[Path, ...],
    map_name: str | None,
    out: Path | None,
    rejects: Path | None,
    no_sort: bool,
    memory_mb: int,
    plate_key: Path | None,
    show_maps: bool,
) -> None:
    """Turn plate reads of any CSV, JSON lines or Parquet FILE into a log that `linewatch replay` takes.

    MAP says which column is what; several FILEs go into one log, sorted by event time.
    """
    from ops.import_log import import_files
    from ops.mapping import list_maps, read_map

    if show_maps:
        width = max(len(name) for name in list_maps())
        for name, about in list_maps().items():
            click.echo(f"{name:{width}}  {about}")
        return
    if not files or map_name is None or out is None:
        raise click.UsageError("FILE, --map and --out are all needed (or --list-maps to see the ready maps)")
    target = rejects or out.with_name(f"{out.name}.rejects.jsonl")
    m = read_map(map_name)
    begin = time.perf_counter()
    with _progress(files) as progress:
        summary = import_files(
            files, m, out, pseudonyms=_pseudonyms(m, plate_key), rejects=target, sort=not no_sort,
            sort_memory=memory_mb << 20, progress=progress,
        )  # fmt: skip
    _tell(summary, m, out, target, time.perf_counter() - begin)


def _pseudonyms(m: ImportMap, key_file: Path | None) -> Pseudonyms | None:
    if m.plates is None:
        return None
    from ops.configure import load
    from schemas.plates import Pseudonymiser, load_key

    return Pseudonymiser(load_key(key_file or load().settings.plate_key_file.expanduser()))


@contextmanager
def _progress(files: tuple[Path, ...]) -> Iterator[Progress]:
    """A bar on stderr, by bytes of the source files; nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _path, _position: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        sizes = {path: path.stat().st_size if path.is_file() else None for path in files}
        tasks = {path: bar.add_task(path.name, total=size) for path, size in sizes.items()}
        yield lambda path, position: bar.update(tasks[path], completed=position)


def _tell(summary: Summary, m: ImportMap, out: Path, rejects: Path, seconds: float) -> None:
    from ops.import_time import iso
    from schemas.ports import MAX_PORTS

    say = click.echo
    say(f"{out}: {summary.written:,} crossings")
    passages = f" holding {summary.passages:,} passages" if m.explode else ""
    say(f"  rows      {summary.rows:,} read{passages}; {summary.written:,} written + {summary.rejected:,} refused")
    if summary.earliest_ms is not None and summary.latest_ms is not None:
        say(f"  time      {iso(summary.earliest_ms)} to {iso(summary.latest_ms)}")
        more = "; replay takes so many with a ports registry only" if summary.ports > MAX_PORTS else ""
        say(f"  ports     {summary.ports:,}{more}")
    if summary.ambiguous:
        which = "second" if m.time.fold else "first"
        say(f"  clocks    {summary.ambiguous:,} local times came twice (end of summer time); taken as the {which}")
    if m.time.zone not in (None, "UTC"):
        say(f"  replay    local hours need default_time_zone = {m.time.zone} (or a ports registry)")
    for reason, count in sorted(summary.refused.items(), key=lambda item: (-item[1], item[0])):
        say(f"  refused   {count:,} {reason}")
    for refused in summary.first_refusals:
        say(f"    line {refused.line}: {refused.reason}: {refused.detail}")
    if summary.rejected:
        say(f"  refusals  {rejects}")
    what = "passages" if m.explode else "rows"
    click.echo(f"  {seconds:.1f} s, {summary.passages / max(seconds, 1e-9):,.0f} {what}/s", err=True)


def main() -> None:
    """`python -m ops.importer`: the command on its own, with the exit codes of the contract."""
    from schemas.errors import LinewatchError

    try:
        import_command.main(standalone_mode=False, prog_name="linewatch import")
    except click.exceptions.Abort:
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except LinewatchError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
