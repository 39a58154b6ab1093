"""What must survive: SQLAlchemy models, repositories, the unit of work, migrations.

Implements the ports of the layers below; nothing above sees a model.
"""
