"""The application of both sides."""

from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path


def fill(request):
    request.session["name"] = "alice"
    request.session["cart"] = [{"item": i, "count": 1} for i in range(5)]
    return JsonResponse({})


def show(request):
    return JsonResponse({"name": request.session["name"], "items": len(request.session["cart"])})


urlpatterns = [path("fill", fill), path("show", show)]
application = get_wsgi_application()
