"""The event log: facts, appended once, in one order, never rewritten.

Knows events, knows no CRM: the store port and its adapters, feeds, decisions, projections, reactions.
"""
