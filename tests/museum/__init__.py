"""The bug museum: for each failure that others have shipped, a test that shows we do not, and the patch that removes
our guard and makes the test fail.

    python -m tests.museum [name]…

A room is `<name>.patch`: a few lines of explanation, `Test: <pytest node id>` once or several times, where it is no
assertion that fails also `Fails: <exception>`, then the diff. README.md says which failure each is about.
"""
