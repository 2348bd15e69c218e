"""Asking other DNS servers: pools of sockets, transaction ids, health probes, host names.

A plugin makes an `upstream.Upstream` per server and awaits the `Waiter` its `ask` returns; one-off
questions (probes, look-ups at start) go through `exchange`. Nothing here knows a plugin.
"""
