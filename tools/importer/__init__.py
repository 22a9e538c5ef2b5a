"""Brings rows of other systems into Baton: `baton import leads FILE --map MAP.toml`.

The map says everything about the file: columns, types, defaults, constants, references, and the steps that follow.
Nothing here knows a particular source. Rows travel in batches to the departments' import RPCs, each of which happens
once for a row however often it is sent, so an interrupted import is simply run again.
"""
