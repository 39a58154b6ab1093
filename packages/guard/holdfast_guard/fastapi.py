"""The guard as FastAPI dependencies. Needs FastAPI."""

from .guard.fastapi import FastApiGuard, Refused

__all__ = ["FastApiGuard", "Refused"]
