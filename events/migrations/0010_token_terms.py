import django.db.models.deletion
from django.db import migrations, models


def keep_scopes(apps, schema_editor):
    """Tokens that are there go on as they were: for reading and emitting. No name is known of them."""
    alias = schema_editor.connection.alias
    digests = apps.get_model("knox", "AuthToken").objects.using(alias).values_list("pk", flat=True)
    terms = apps.get_model("events", "TokenTerms")
    terms.objects.using(alias).bulk_create((terms(token_id=digest, name="") for digest in digests), batch_size=500)


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0009_failed_attempt"),
        ("knox", "0009_extend_authtoken_field"),
    ]

    operations = [
        migrations.CreateModel(
            name="TokenTerms",
            fields=[
                (
                    "token",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="terms",
                        serialize=False,
                        to="knox.authtoken",
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("may_read", models.BooleanField(default=True)),
                ("may_emit", models.BooleanField(default=True)),
                ("last_used", models.DateTimeField(null=True)),
            ],
            options={"verbose_name": "scopes", "verbose_name_plural": "scopes", "default_permissions": ()},
        ),
        migrations.RunPython(keep_scopes, migrations.RunPython.noop),
    ]
