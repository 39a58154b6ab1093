"""Logs and audit events. Never holds a secret. Imports only clock and credentials."""
