"""Provider clients: one module per provider, all behind the one Protocol in `protocol`.

A client turns batches of writes into the provider's own calls and pages of answers into `Remote` records.
It knows nothing of mappings, the ledger or the venue's tables; policy (limits, batch sizes) comes from the declaration.
"""
