"""Watching a bucket: reads its events from an SQS queue, and flushes what changed.

`Queue` is SQS, `Watcher` the loop over it. Several may watch one queue at the same time: a message
is with one of them at a time, and flushing twice does no harm.
"""
