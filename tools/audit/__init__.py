"""Judges handoffs from outside: did every department prove that it has what it was handed?

Reads the departments' logs and nothing else, and shares no code with the process that it judges: what a manifest
should have named is worked out again from the facts' subjects, every chain is recomputed from the bytes.
"""
