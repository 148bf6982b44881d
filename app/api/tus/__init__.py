"""Uploads that can be resumed, as the tus protocol has them (https://tus.io/protocols/resumable-upload, version 1.0.0)."""
