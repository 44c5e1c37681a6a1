"""`resizer demo`: sample pictures, and a page that shows them."""
