"""JSON and query strings to and from protobuf messages, compiled once from the descriptors.

`google.protobuf.json_format` follows the same rules, but takes four times as long, stops at the first error and
cannot say where it is; a form wants every wrong field at once, each with its JSON pointer.
"""
