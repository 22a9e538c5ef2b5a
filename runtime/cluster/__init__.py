"""`baton up --cluster`: every role as a process of its own on this machine, with PostgreSQL and Apache Kafka, kept
running by one supervisor."""
