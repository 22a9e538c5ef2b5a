"""gRPC: request -> decision or query -> response."""
