"""How large things may be between a log and Kafka's readers. All of it follows from what the log itself takes, so that
nothing can stand in a log that the relay, the topic, a broker or a reader would refuse."""

from eventlog.checks import NAME_BYTES_MAX
from eventlog.events import EVENT_BYTES_MAX

#: Tenant, type and stream (twice: key and subject), and a generous rest: numbers, times, digest, names, framing.
_HEADERS_BYTES_MAX = 4 * NAME_BYTES_MAX + 12 * 1024

#: One record: payload and metadata at their largest. The topic's `max.message.bytes`, the broker's `message.max.bytes`
#: and the producer's batch; they count a batch of one record, which this holds.
RECORD_BYTES_MAX = 2 * EVENT_BYTES_MAX + _HEADERS_BYTES_MAX

#: What brokers fetch from each other, and readers from brokers, for one partition: at least one record of any size.
PARTITION_FETCH_BYTES_MAX = RECORD_BYTES_MAX
FETCH_BYTES_MAX = 4 * RECORD_BYTES_MAX

#: What a producer writes for one partition in one go. A record that is larger goes alone.
BATCH_BYTES_MAX = RECORD_BYTES_MAX
