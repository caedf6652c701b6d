"""Whoever chose no language is answered in their browser's."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("server", "0004_shared_limits"),
    ]

    operations = [
        migrations.AlterField(
            model_name="person",
            name="lang",
            field=models.CharField(blank=True, default="", max_length=2),
        ),
    ]
