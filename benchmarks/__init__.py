"""Measurements, each a ratio of two things timed in the same run, because absolute times are noisy.

What lives here: the figures that docs/benchmarks.md shows, and the bare loops they are compared with.
What does not: assertions about time. Nothing here is a test.
"""
