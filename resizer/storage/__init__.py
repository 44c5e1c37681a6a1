"""Where bytes lie: addresses, S3 clients, sources. Stores are opened by obstore, here alone."""
