"""The engines of speech: planning, recognition, diarization. Heavy libraries are imported by their loaders only."""
