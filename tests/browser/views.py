"""Which pages does the console have? Each is tried by axe and pictured: a page is one line here."""

from __future__ import annotations

from typing import NamedTuple


class View(NamedTuple):
    """A page as somebody sees it."""

    name: str  # of its picture, docs/console-NAME.png
    path: str  # {alert} and others: see tests/browser/border.py
    user: str | None = "sue"  # of STAFF in tests/browser/served.py; None: nobody is logged in
    status: int = 200
    looks: bool = False  # the documents keep it in every look, not in the first alone
    kept: bool = True  # the documents keep its picture


VIEWS = (
    View("queue", "/queue", looks=True),
    View("queue-port", "/queue?port=2304", kept=False),
    View("alert", "/alerts/{alert}", looks=True),
    View("company", "/alerts/{company}"),
    View("skim", "/alerts/{snoozed}?skim=1"),
    View("held", "/alerts/{held}", kept=False),
    View("decided", "/alerts/{decided}"),
    View("vehicle", "/vehicles/{vehicle}?alert={alert}", looks=True),
    View("search", "/vehicles", kept=False),
    View("snoozes", "/snoozes"),
    View("snooze", "/snoozes/{snooze}", kept=False),
    View("ports", "/ports"),
    View("port", "/ports/2504"),
    View("audit", "/audit"),
    View("audit-filtered", "/audit?action=alert.&user=ana", kept=False),
    View("chain", "/audit/chain", kept=False),
    View("decisions", "/audit/decisions"),
    View("integrity", "/integrity", user="ivy", kept=False),
    View("login", "/login", user=None, kept=False),
    View("welcome", "/welcome/{invited}", user=None, kept=False),
    View("error", "/alerts/none", status=404, kept=False),
)


class Look(NamedTuple):
    """How a page is shown."""

    name: str
    scheme: str  # light or dark
    width: int  # px
    height: int


LOOKS = (
    Look("", "light", 1280, 860),
    Look("-dark", "dark", 1280, 860),
    Look("-phone", "light", 390, 844),
    Look("-phone-dark", "dark", 390, 844),
)
