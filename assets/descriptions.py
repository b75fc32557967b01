"""What a person reads about an asset before looking at anything else."""

from sync_core.spec.provider import EntitySpec, ProviderSpec

DIRECTIONS = {
    "push": "one way, from the venue to the provider",
    "pull": "one way, from the provider to the venue",
    "both": "two-way: changes on either side reach the other (the graph shows the way out only)",
}
CONFLICTS = {
    "newest_wins": "where both sides changed the same field, the newer change wins",
    "venue_wins": "where both sides changed the same field, the venue wins",
    "provider_wins": "where both sides changed the same field, the provider wins",
}
DELETIONS = {
    "delete": "a row deleted at the venue is deleted at the provider",
    "archive": "a row deleted at the venue is archived at the provider",
    "ignore": "a row deleted at the venue stays at the provider",
}


def describe(spec: ProviderSpec, entity: EntitySpec) -> str:
    """A few lines of Markdown: what it is, which way it flows, who wins, what is deleted, what cannot be had."""
    lines = [f"- **Direction**: {DIRECTIONS[entity.direction]}."]
    if entity.direction == "both":
        lines.append(f"- **Conflicts**: {CONFLICTS[entity.conflict]}.")
    if entity.pushes:
        lines.append(f"- **Deletions**: {DELETIONS[entity.on_delete]}.")
    if entity.where:
        rows = ", ".join(f"`{column}` is `{value}`" for column, value in entity.where.items())
        lines.append(f"- **Rows**: those of `venue.{entity.model}` where {rows}.")
    if entity.needs:
        lines.append(f"- **Synced after**: {', '.join(entity.needs)}.")
    missing = {**entity.cannot, **spec.cannot}
    lines += [f"- **No {capability.replace('_', ' ')}**: {reason}" for capability, reason in missing.items()]
    if spec.docs:
        lines.append(f"- **{spec.title} API**: [{spec.docs}]({spec.docs})")
    return "\n".join([entity.description, "", *lines])
