"""The command line, ``holdfast …``."""
