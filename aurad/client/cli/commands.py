"""THE TABLE of auractl's commands, in the order of its help."""

from __future__ import annotations

from aurad.client.cli.group import Entry

SECTIONS = {
    "Make videos": {
        "make": Entry("options:make", "Make a video of a document or a topic, and wait for it."),
        "submit": Entry("submit:submit", "Submit many documents; print the id of each job."),
    },
    "Look at jobs": {
        "ls": Entry("jobs:ls", "List jobs that wait or run; -a lists all."),
        "show": Entry("jobs:show", "Show everything about a job; of a failed one, its story."),
        "watch": Entry("watch:watch", "Follow jobs to their end, through restarts of the daemon."),
        "logs": Entry("logs:logs", "Show a job's log."),
        "script": Entry("jobs:script", "Print a job's script."),
    },
    "Steer jobs": {
        "edit": Entry("edit:edit", "Change a job's video: only what changed is made anew."),
        "remake": Entry("edit:remake", "Another take of a stage, of the whole video or of one scene."),
        "cancel": Entry("life:cancel", "Cancel jobs."),
        "retry": Entry("life:retry", "Run jobs again; what was done already is reused."),
        "pause": Entry("life:pause", "Stop work on jobs until they are resumed."),
        "resume": Entry("life:resume", "Go on with paused jobs."),
        "priority": Entry("life:priority", "Give jobs another priority, 1 (first) to 10."),
        "rm": Entry("life:rm", "Remove jobs that have ended, with their files."),
    },
    "Look around": {
        "open": Entry("web:open_page", "Open the daemon's page in a browser."),
        "token": Entry("web:token", "Print a token for the REST interface."),
        "voices": Entry("catalogue:voices", "List voices."),
        "themes": Entry("catalogue:themes", "List themes, or draw a sheet of one."),
        "presets": Entry("catalogue:presets", "List presets."),
    },
    "Steer the daemon": {
        "plugins": Entry("plugins:plugins", "List and manage plugins."),
        "config": Entry("config:config", "Show and change settings."),
        "secrets": Entry("secret:secrets", "Keep keys of services for plugins."),
        "doctor": Entry("admin:doctor", "Check FFmpeg, fonts, voices, disk and plugins."),
        "completion": Entry(
            "complete:completion", "Print what makes a shell complete commands, options, jobs and plugins."
        ),
        "mcp": Entry("mcp:mcp", "Serve AI agents by the Model Context Protocol."),
        "raw": Entry("admin:raw", "Call any method of the control socket."),
    },
}
