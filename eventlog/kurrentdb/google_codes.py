"""Lets `kurrentdbclient` and Google's own messages live in one process. Imported before the client, always.

The client brings a copy of `google/rpc/code.proto` under a file name of its own. Protobuf keeps all messages of a
process in one pool and refuses the second `google.rpc.Code`: whoever of the two is imported later fails, and Baton's
errors need Google's. So the client's file is declared here first, as one that says "see Google's", and its Python
module is Google's. Seen with kurrentdbclient 1.3.5; a test imports both.
"""

import sys

from google.protobuf import descriptor_pb2, descriptor_pool
from google.rpc import code_pb2

_ITS_FILE = "kurrentdbclient/protos/google/rpc/code.proto"
_ITS_MODULE = "kurrentdbclient.protos.google.rpc.code_pb2"

if _ITS_MODULE not in sys.modules:
    _see_googles = descriptor_pb2.FileDescriptorProto(
        name=_ITS_FILE, syntax="proto3", dependency=[code_pb2.DESCRIPTOR.name], public_dependency=[0]
    )
    descriptor_pool.Default().AddSerializedFile(_see_googles.SerializeToString())
    sys.modules[_ITS_MODULE] = code_pb2
