"""Sales: opportunities, from the accepted handoff to won or lost.

Owns opportunities and the pipeline they move along. Hears contacts: a handoff that sales accepted opens an
opportunity or links its lead to one.
"""
