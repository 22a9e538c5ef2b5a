"""What contacts decides."""
