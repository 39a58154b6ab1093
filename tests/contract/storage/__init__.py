"""One suite that every database passes."""
