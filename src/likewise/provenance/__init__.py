"""Where a result comes from: consent to copy a voice, watermark, content credentials, detection."""
