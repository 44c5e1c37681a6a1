"""Files of one picture and nothing else, each format in a module: see `strip`.

What is not known here is left out: comments, thumbnails, profiles, private segments and whatever
follows the end. What cannot be left out, and shows nothing, makes a file unusual: such a file has
no bare form. Within compressed data nothing is looked for but their end, where that can be told.
"""
