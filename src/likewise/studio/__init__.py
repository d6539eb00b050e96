"""Whole jobs with progress and cancel: talk, speak, clone, animate. What the command line calls."""
