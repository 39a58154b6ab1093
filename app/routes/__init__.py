"""One file an endpoint of the protocol. Gets ports; never imports models, sqlalchemy or redis."""
