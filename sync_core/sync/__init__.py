"""The sync itself: what changed, what to write, what became of it.

What lives here: one sync of one connection's entity (`engine`), its steps (recover, pull, push, settle), the conflict
policy, the plan without writing, many venues at once (`batch`) and the report.
What does not: how a provider is spoken to (`providers`), how a field is named (`mapping`), SQL (`store`).
"""
