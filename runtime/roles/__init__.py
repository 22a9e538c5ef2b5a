"""The roles of which Baton consists, each to be run as a process of its own: `baton serve contacts`. A role is an async
context manager that is entered when it has started, and tells how it is doing (`runtime/roles/process.py`)."""
