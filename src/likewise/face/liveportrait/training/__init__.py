"""Training of LivePortrait's second stage: stitching and retargeting over frozen networks."""
