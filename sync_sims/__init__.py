"""Provider simulators: real HTTP servers that behave as the providers' published contracts say.

Lives here: the wire contract (`wire`), the server with its control endpoints (`server`, `control`), injected faults
(`faults`), rate limits (`limits`), call counts (`calls`), credentials (`accounts`), durability (`journal`), and one
package per provider.
Does not live here: anything our own clients use. The simulators judge those clients, so they share no code with them
and use none of the providers' SDKs.
"""
