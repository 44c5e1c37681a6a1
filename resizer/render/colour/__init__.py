"""What the colours of an original mean, and how they become sRGB or Display P3."""
