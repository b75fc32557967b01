"""The one HTTP session factory: every call to a provider is limited, retried, broken, counted and redacted here.

What lives here: the session (`session`), its pure parts (`limiter`, `breaker`, `backoff`), the count of calls (`calls`)
and the removal of secrets from texts (`redact`). What does not: anything that knows one provider's paths or bodies.
"""
