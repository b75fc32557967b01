"""`python -m sync_defs` is `venue-sync`: how the supervisor starts another one with the same interpreter."""

from sync_defs.cli import main

if __name__ == "__main__":
    main()
