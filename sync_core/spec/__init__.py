"""The declaration language: what a provider's defs.yaml and a mapping template may say.

Frozen pydantic models that refuse unknown keys, and the loader that names file, path and reason.
No behaviour: nothing here talks to a provider, a database or Dagster.
"""
