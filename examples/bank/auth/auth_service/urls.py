"""The paths of the authentication module; which of them need what, says ficha.toml."""

from django.urls import include, path
from oauth2_provider.views import RevokeTokenView, TokenView

from accounts import views
from accounts.oauth_views import AuthorizationView, IntrospectionView
from bank_service.views import session_urls

handler404 = "bank_service.errors.not_found"
handler500 = "bank_service.errors.internal"

urlpatterns = [
    path("auth/", include(session_urls)),
    path("auth/register", views.RegisterView.as_view()),
    path("auth/login", views.LoginView.as_view()),
    path("auth/step-up", views.StepUpView.as_view()),
    path("auth/logout", views.LogoutView.as_view()),
    path("auth/logout-everywhere", views.LogoutEverywhereView.as_view()),
    path("auth/devices", views.DevicesView.as_view()),
    path("auth/devices/<str:session_id>", views.DeviceView.as_view()),
    path("auth/users", views.UsersView.as_view()),
    path("auth/users/<str:username>/roles", views.RolesView.as_view()),
    path("auth/oauth/authorize", AuthorizationView.as_view()),
    path("auth/oauth/token", TokenView.as_view()),
    path("auth/oauth/introspect", IntrospectionView.as_view()),
    path("auth/oauth/revoke", RevokeTokenView.as_view()),
]
