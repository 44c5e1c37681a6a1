"""Programs beside the server: doctor, warm, watch, demo, stats."""
