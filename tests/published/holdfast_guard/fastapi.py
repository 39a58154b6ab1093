from app.guard.fastapi import *  # noqa: F403  # the same names
