"""The one door: REST from the descriptors, identity, streams. It knows no CRM and has no code for any operation."""
