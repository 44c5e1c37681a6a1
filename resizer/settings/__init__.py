"""Every setting: its type, where it is read from and the rules it must keep."""
