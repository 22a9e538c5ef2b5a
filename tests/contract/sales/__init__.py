"""Sales as it is asked, on a real PostgreSQL."""
