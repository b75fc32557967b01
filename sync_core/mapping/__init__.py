"""Templates made executable: a frame of the venue's rows becomes provider fields, and a provider's objects become rows.

Compiling, transforms, paths, frame schemas and content hashes live here. Nothing here talks to a provider or a
database, and a value that cannot be mapped never raises: it becomes a bad row with its reason, and the rest goes on.
"""
