"""Reading recordings: `probe` asks a short-lived process what a file is, `decode` turns it into samples.

Importing this package, or `app.media.probe`, loads no native library.
"""
