"""The bug museum: for each failure that others have shipped, a test that shows we do not, and the patch that removes
our guard and makes the test fail.

    python -m tests.museum [name]…

A room is `<name>.patch`: a few lines of explanation, `Test: <pytest node id>` once or several times, then the diff.
"""
