"""What expires within minutes: codes, replay memory, nonces, sessions, attempt counters.

Memory and Redis stand behind the same ports. Nothing here is needed after a day.
"""
