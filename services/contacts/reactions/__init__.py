"""What contacts does because another department, or a deadline, told it something."""
