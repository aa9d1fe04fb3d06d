"""A Django shop whose cart lives in a shared session: `python shop.py runserver`. FICHA_URL names the store."""

import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import JsonResponse
from django.urls import path

settings.configure(
    DEBUG=True,
    SECRET_KEY="quickstart",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["ficha.django"],
    MIDDLEWARE=["ficha.django.SessionMiddleware"],
    SESSION_ENGINE="ficha.django.sessions",
    FICHA={"redis": {"url": os.environ.get("FICHA_URL", "memory://")}},
)


def add(request, item):
    request.session.setdefault("cart", []).append(item)
    return JsonResponse(request.session["cart"], safe=False)


urlpatterns = [path("add/<item>", add)]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
