"""The paths of the ledger; which of them need what, says ficha.toml, and each view once more."""

from django.urls import include, path

from bank_service.views import session_urls
from ledger.views import AccountsView, TransfersView

handler404 = "bank_service.errors.not_found"
handler500 = "bank_service.errors.internal"

urlpatterns = [
    path("transactions/", include(session_urls)),
    path("transactions/accounts", AccountsView.as_view()),
    path("transactions/transfers", TransfersView.as_view()),
]
