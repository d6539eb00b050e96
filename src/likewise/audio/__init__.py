"""Sound in and out: files, resampling, mel, onset strength, F0, loudness, speech activity."""
