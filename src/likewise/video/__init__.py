"""Pictures in and out: images, streaming video reader and writer, subtitles."""
