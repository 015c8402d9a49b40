"""The names of all types of events, apart from what they carry: jobs are configured with them."""

from __future__ import annotations

from typing import Literal

Terminal = Literal["job-completed", "job-failed", "job-cancelled"]
Numbered = Literal[  # those that are journalled, so that each can be told for certain
    "job-status", "step-status", "step-progress", "step-error", "warning", "artifact",
    "job-completed", "job-failed", "job-cancelled",
]  # fmt: skip
EventType = Literal[Numbered, "job-log"]  # `job-log` is sent to those only who ask for it
