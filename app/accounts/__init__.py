"""People: users, passwords, sign-in sessions. Knows no page and no route."""
