"""What doctor asks of a bucket: is it read, is it private, do the credentials permit too much?"""
