"""A department's log told through Kafka: what its records and topics are, and the relay that writes them."""
