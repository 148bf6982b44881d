"""What is to be done with a recording: who is heard where, in which language, on which channel, and where to cut."""
