"""The gateway side of rendering: workers, queues, kept pixels. No picture is decoded."""
