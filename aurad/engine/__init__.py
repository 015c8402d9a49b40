"""Runs jobs: tasks, files, processes and the journal. Knows no network edge and no plugin's code."""
