"""A project of somebody's, whose package is called ``app``, as many are."""

WHOSE = "somebody's own"
