"""The OpenAPI 3.1 document, made of the descriptors and their comments."""
