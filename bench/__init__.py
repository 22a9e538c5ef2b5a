"""Benchmarks: Baton and its peers in one run, interleaved, on one machine; what counts is the ratio.

make bench                  all of it; one table, and bench/results/latest.json
python -m bench appends     one part
"""
