"""What does `linewatch grafana` do? It puts the dashboards and what belongs to them into a Grafana."""

from __future__ import annotations

from pathlib import Path

import click

from ops.options import PATH, load_settings, setting_options


@click.group("grafana")
def grafana() -> None:
    """Dashboards, alert rules and annotations for Grafana; without this command, from files (docs/grafana.md)."""


@grafana.command("push")
@click.option("--url", metavar="URL", help="Where Grafana is; short for --set grafana_url=...")
@click.option(
    "--token",
    metavar="TOKEN",
    help="A service account's; LINEWATCH_GRAFANA_TOKEN is better: no list of processes shows it.",
)
@click.option("--rules/--no-rules", default=True, show_default=True, help="Alert rules too; without, Prometheus calls.")
@click.option(
    "--notices", type=PATH, metavar="FILE", help="What `linewatch run --notices` wrote: drift is marked in time."
)
@setting_options
def push(
    url: str | None, token: str | None, rules: bool, notices: Path | None,
    config: Path | None, flags: tuple[str, ...], ports: str | None,
) -> int:  # fmt: skip
    """Put everything into an existing Grafana; again after every update. Nothing made by hand is touched.

    \b
    Examples:
      LINEWATCH_GRAFANA_TOKEN=glsa_... linewatch grafana push --url https://grafana.example.org
      linewatch grafana push --no-rules --set grafana_prometheus_url=http://prometheus:9090
      linewatch grafana push --config linewatch.toml --notices notices.jsonl

    With --config of the running service, a change of what makes alerts is marked on the dashboards.
    """
    from ops.console import now_ms
    from ops.grafana import notes
    from ops.grafana.push import Wanted, connect, push

    settings = load_settings(config, flags, ports=ports, grafana_url=url, grafana_token=token).settings
    api = connect(settings.grafana_url, settings.grafana_token.get_secret_value())
    wanted = Wanted(
        settings.grafana_prometheus_url,
        settings.grafana_runbook,
        rules,
        notes.configuration(settings.config_id(), now_ms()),
        [] if notices is None else notes.drifts(notices),
    )
    for line in push(api, wanted, settings.grafana_url):
        click.echo(line)
    return 0
