"""Where bytes lie: addresses, S3 clients, sources. Only this package opens obstore."""
