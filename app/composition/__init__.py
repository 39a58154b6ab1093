"""The composition root's rooms: each builds one feature's services and routes from ``Services``.

Imported by main only; imports everything below.
"""
