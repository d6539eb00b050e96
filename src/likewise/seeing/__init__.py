"""Models that see: the face tracker, the canonical face mesh, identity."""
