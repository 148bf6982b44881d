# ruff: noqa: D106 - peewee's Meta classes tell by their fields all that there is to tell
"""The table of projects' own sets of tasks."""

import uuid

from peewee import CompositeKey, ForeignKeyField, TextField
from playhouse.postgres_ext import DateTimeTZField

from app.db.tables.access import Project
from app.db.tables.table import Table, json_field, now


class StoredTaskSet(Table):
    """`definition` is what `app.core.task_sets.TaskSet.to_dict` gives."""

    project_id: uuid.UUID
    project = ForeignKeyField(Project, on_delete="CASCADE", backref="task_sets")
    name = TextField()
    definition = json_field()
    changed_by = TextField(null=True)
    changed_at = DateTimeTZField(default=now)

    class Meta:
        table_name = "task_sets"
        primary_key = CompositeKey("project", "name")
