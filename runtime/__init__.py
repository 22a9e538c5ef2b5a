"""Processes: settings, servers, identity, the `baton` command. Knows no CRM."""
