"""The rules for clients, users, resource servers and keys, behind every face that manages them."""
