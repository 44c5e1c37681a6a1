"""What keeps variants, in this process and for the fleet, and how it is flushed."""
