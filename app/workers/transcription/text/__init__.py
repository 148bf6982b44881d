"""Speech to text: Whisper over a chunk, and the guards over what it writes."""
