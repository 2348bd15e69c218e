"""Framing only: each module turns the octets of one transport into queries and back."""
