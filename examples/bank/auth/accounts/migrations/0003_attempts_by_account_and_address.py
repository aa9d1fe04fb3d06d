from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_spent_codes_and_introspection'),
    ]

    operations = [
        # What was counted until now knows either the account or the address, and is forgotten within a minute anyway.
        migrations.DeleteModel(name='FailedAttempt'),
        migrations.CreateModel(
            name='FailedAttempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account', models.CharField(help_text='Empty where the attempt is at no account.', max_length=64)),
                ('address', models.CharField(max_length=64)),
                ('at', models.DateTimeField()),
            ],
            options={
                'indexes': [
                    models.Index(fields=['account', 'address', 'at'], name='failed_at_account'),
                    models.Index(fields=['address', 'at'], name='failed_from_address'),
                    models.Index(fields=['at'], name='failed_at'),
                ],
            },
        ),
        migrations.CreateModel(
            name='KnownAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account', models.CharField(max_length=64)),
                ('address', models.CharField(max_length=64)),
                ('at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('account', 'address'), name='known_once')],
            },
        ),
    ]
