"""An S3 bucket: its address, its clients, and the source that reads it."""
