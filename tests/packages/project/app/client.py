"""A module named like one of Holdfast's."""

WHOSE = "somebody's own"
