"""Jobs that outlive a request: queued, watched, cancelled, and kept on disk with their results."""
