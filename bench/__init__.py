"""Measurements behind the figures in docs/: `uv run python -m bench.NAME` in the checkout."""
