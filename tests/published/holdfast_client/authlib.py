from app.client.authlib_hook import *  # noqa: F403  # the same names
