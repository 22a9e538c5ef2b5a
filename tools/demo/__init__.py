"""A small made-up company, so that a newcomer has something to look around in: `baton up --demo`.

Clay & Kiln makes tableware for cafés and hotels, in three branches in Britain and three in Russia. Everything follows
from one seed and is written through the same RPCs that everybody uses, each under a name of its own, so that loading
it again changes nothing.
"""
