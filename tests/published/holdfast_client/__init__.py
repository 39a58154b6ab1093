from app.client import *  # noqa: F403  # the same names
