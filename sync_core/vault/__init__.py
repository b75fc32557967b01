"""The vault: venues' credentials, sealed before they reach the database and opened only when a call needs them.

What lives here, from the bottom up: keyrings, which make and open data keys under a master key (AWS KMS, or a local
file for development); the data-key cache, which is itself a keyring; the envelope, which seals bytes under a data key;
and `Vault`, which keeps a connection's credentials as envelopes in Postgres.
What does not: SQL (sync_core/store/credentials.py), OAuth, and the decision who may read which credential.
"""
