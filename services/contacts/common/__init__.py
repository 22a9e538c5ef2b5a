"""What requests and reactions both need."""
