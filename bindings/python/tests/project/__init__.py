"""A Django project for the tests, with the admin, messages and users."""
