"""What ``holdfast doctor`` examines: the rules of a deployment, judged over facts. Pure.

Whoever gathers the facts opens what they are about; nothing here reads or changes anything.
"""
