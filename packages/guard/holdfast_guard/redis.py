"""A replay memory in Redis, for APIs of several workers or hosts. Needs redis-py."""

from .guard.redis import SharedMemory, UnsuitableRedis

__all__ = ["SharedMemory", "UnsuitableRedis"]
