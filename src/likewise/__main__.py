"""`python -m likewise` is the command `likewise`, of the Python that it is said to."""

from likewise.cli import main

if __name__ == "__main__":
    main()
