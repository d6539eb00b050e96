"""How alike? One metric family a file; every number with its scorer, ceiling and floor."""
