"""Topologies on Kafka, run by Faust. What Faust may get wrong is caught here, docs/metrics.md says how."""
