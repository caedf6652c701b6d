"""Limits on tries and calls that all processes share."""

from typing import Any

from django.core.management import call_command
from django.db import migrations, models


def _make_cache(_apps: Any, schema_editor: Any) -> None:
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [
        ("server", "0003_second_factor_rule"),
    ]

    operations = [
        migrations.CreateModel(
            name="Bucket",
            fields=[
                (
                    "name",
                    models.CharField(max_length=120, primary_key=True, serialize=False),
                ),
                ("left", models.FloatField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.RunPython(_make_cache, migrations.RunPython.noop),
    ]
