"""What a newcomer sees first: sample photos drawn by the program, and a page that shows them."""
