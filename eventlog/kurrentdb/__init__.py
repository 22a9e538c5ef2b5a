"""The log in KurrentDB (or EventStoreDB): `KurrentStore`, and `raise_generation` for whoever has restored one."""

from eventlog.kurrentdb import google_codes
from eventlog.kurrentdb.generation import log_name, raise_generation
from eventlog.kurrentdb.store import KurrentStore
from eventlog.kurrentdb.stream import check_url

__all__ = ["KurrentStore", "check_url", "google_codes", "log_name", "raise_generation"]
