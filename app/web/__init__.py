"""Pages for people: sign-in, consent, account, error explanations. They work without JavaScript.

Gets ports; never imports models, sqlalchemy or redis.
"""
