"""Marketing: leads, from the first enquiry to the handoff to sales.

Owns leads: what they asked, what brought them, what they agreed to. Records that a lead is qualified, and waits for
nobody: contacts offers it to sales. Hears contacts, to know whose lead it is and what became of the handoff.
"""
