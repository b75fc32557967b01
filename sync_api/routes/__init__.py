"""The handlers, one module per part of the API. Each has a `router`, mounted by `sync_api.app`."""
