"""Where bytes lie: addresses, S3 clients, sources. The only place with obstore."""
