"""Starts the command line; knows only where its door is."""

from sorapipe.cli.console import main

if __name__ == "__main__":
    main()
