"""Contacts owns the shared customer base: people, companies, branches, interactions with their promises,
whose lead a lead is, and every handoff between departments."""
