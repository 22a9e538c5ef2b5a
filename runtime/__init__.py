"""Processes: settings, servers, identity, the `baton` command. Knows no CRM."""

import os

# gRPC's fork handlers crash children that are forked (not exec'd at once) while calls run: about every second one of
# those that are started as another user. Nothing here uses gRPC in a forked child; so before gRPC is imported:
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
