"""``holdfast demo``: a whole DPoP flow and three attacks, told to someone who knows OAuth."""
