"""Facts -> rows of contacts' read models."""
