"""A small server that speaks KurrentDB's protocol, for tests on machines where the real one cannot run.

What it is: the gRPC service `event_store.client.streams.Streams` (Read of one stream, forwards and backwards, with a
count or as a subscription; Append; BatchAppend), over streams that are lists in memory. Expected revisions and repeated
appends are judged as the real server judges them (its `IndexWriter.CheckCommit`): an append behind an earlier revision
is answered "done already" when the events there have the same ids, whatever they hold. Stopped and started again it has
its data: that stands for a server whose disk survives. It can be told to hold appends, and to cut the connection after
it has written and before it has answered.

What it does not prove: anything about the real server. Not durability, clusters, elections, TLS, users and rights, not
its speed, its limits other than the size of an append, `$all`, links, projections, deleted or truncated streams. The
contract suite is therefore also made to be run against the real one: `docs/kurrentdb.md` has the command.
"""

import eventlog.kurrentdb  # noqa: F401 (before the client: see google_codes.py)
from tests.support.kurrentdb.server import FakeKurrentDB, running_kurrentdb

__all__ = ["FakeKurrentDB", "running_kurrentdb"]
