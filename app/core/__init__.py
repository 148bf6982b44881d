"""The domain: what a transcription, a project, a speaker is and may become. No HTTP, no SQL driver, no queue."""
