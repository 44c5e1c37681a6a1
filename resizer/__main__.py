"""`python -m resizer` is the `resizer` command."""

from resizer.cli import main

if __name__ == "__main__":
    main()
