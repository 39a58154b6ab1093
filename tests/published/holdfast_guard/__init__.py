from app.guard import *  # noqa: F403  # the same names
