"""What a newcomer sees first: sample pictures, and a page that shows them."""
