"""What the gateway and a worker say to each other; no pixels are touched."""
