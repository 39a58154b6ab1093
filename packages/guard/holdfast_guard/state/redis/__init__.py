"""The replay memory of proofs; the server's other stores are not here."""
