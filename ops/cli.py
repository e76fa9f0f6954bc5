"""What can be typed after `linewatch`, and how does every error become an exit code?

Commands are imported when they run: `linewatch --help` loads none of them.
"""

from __future__ import annotations

import importlib
import os
import sys

import click

from schemas.errors import LinewatchError

# name -> (where the command is, its line in --help)
COMMANDS = {
    "demo": ("ops.demo:demo", "Watch generated border traffic in the operator console, alerts as they come."),
    "simulate": ("ops.simulate:simulate", "Write a generated border: a log, and the truth about it."),
    "replay": ("ops.replay:replay", "Run a recorded log through the pipeline."),
    "run": ("ops.run:run", "Watch live crossings: a growing file, standard input or HTTP."),
    "console": ("ops.console:console", "Serve the operator console: the live queue of alerts, decisions, the audit."),
    "users": ("ops.users:users", "Make, list and disable the console's users."),
    "tokens": ("ops.tokens:tokens", "Make, list and end the tokens of programs that use the console's JSON API."),
    "audit": ("ops.audit:audit", "Check that nobody has changed the console's audit."),
    "backup": ("ops.backup:backup", "Copy the console's database and the checkpoint, while everything goes on."),
    "grafana": ("ops.grafana.command:grafana", "Put dashboards and alert rules into a Grafana that is there already."),
    "topics": ("ops.topics:topics", "List the Kafka topics and what is wrong with them; make what is missing."),
    "produce": ("ops.produce:produce", "Send a recorded log to Kafka, for the workers."),
    "worker": ("ops.worker:worker", "Assess crossings from Kafka, together with other workers."),
    "evaluate": ("ops.evaluate:evaluate", "Measure the detectors on a labelled log, beside baselines."),
    "import": ("ops.importer:import_command", "Turn plate reads (CSV, JSON lines, Parquet) into a log of crossings."),
    "doctor": ("ops.doctor:doctor", "Say what is installed and configured, and what is wrong."),
    "version": ("ops.doctor:version", "Print the version."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """In the order of the table: what a newcomer needs first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command; None for a name that is not in the table."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the closest command for a typing error."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {close[0]}?" if close else " `linewatch --help` lists the commands."
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """From the table, so that no command is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Linewatch: unusual travel patterns at a border, explained while the vehicle is still in the lane.

    \b
    First steps:
      linewatch demo                                        generated traffic, in the console
      linewatch replay log.jsonl --alerts alerts.jsonl      your own log
      linewatch doctor                                      what is configured, and what is wrong

    Exit codes: 0 done; 1 failed, with one line saying why and what to do; 2 wrong usage.
    """


def main() -> None:
    """The entry point of the console script."""
    sys.exit(run_cli())


def run_cli() -> int:
    """Run the command line; the one place where an error becomes an exit code."""
    try:
        code = cli.main(standalone_mode=False, prog_name="linewatch")
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.ClickException as problem:
        problem.show()
        return problem.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("linewatch: interrupted", err=True)
        return 130
    except BrokenPipeError:
        # whoever read our output has gone: nothing is wrong here, and Python must not complain at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except LinewatchError as problem:
        return _failed(str(problem))
    except OSError as problem:
        place = f"{problem.filename}: " if problem.filename else ""
        return _failed(f"{place}{problem.strerror or problem}")
    except MemoryError:
        return _failed("out of memory; lower max_vehicles (linewatch doctor shows it) or use a larger machine")


def _failed(text: str) -> int:
    from ops.progress import say

    say(" ".join(text.split()), "failed", level="error")
    return 1


if __name__ == "__main__":
    main()
