"""The sub-commands of `baton`, one module each: `register(subparsers)` and what it runs."""
