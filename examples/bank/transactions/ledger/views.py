"""Accounts and transfers of whoever the session says is calling."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ficha.drf import HasScope, PolicyPermission
from ledger import book
from ledger.models import Transfer

CURRENCY = "EUR"


class TransferOrder(serializers.Serializer[Any]):
    """What a client sends: amounts are decimal text, such as "12.50"."""

    to = serializers.CharField(max_length=22)
    amount = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=Decimal("0.01"))
    note = serializers.CharField(max_length=140, allow_blank=True, default="")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields, with the one whose name Python keeps for itself."""
        return {"from": serializers.CharField(max_length=22), **super().get_fields()}


class AccountsView(APIView):
    """The caller's accounts."""

    permission_classes = (HasScope("transactions:read"),)

    def get(self, request: Request) -> Response:
        """List them; a customer who comes for the first time gets some."""
        if request.user.has_role("customer"):
            book.open_accounts(request.user.pk)
        return Response([_account(account) for account in book.accounts_of(request.user.pk)])


class TransfersView(APIView):
    """The caller's transfers."""

    def get_permissions(self) -> list[Any]:
        """Read with one scope, write with another and a recent login."""
        if self.request.method != "POST":
            return [HasScope("transactions:read")()]
        return [PolicyPermission(scopes=("transactions:write",), max_auth_age=settings.TRANSFER_AUTH_AGE)()]

    def get(self, request: Request) -> Response:
        """List the latest hundred."""
        return Response([_transfer(each) for each in book.transfers_of(request.user.pk)[:100]])

    def post(self, request: Request) -> Response:
        """Make one; repeated with the same Idempotency-Key, it is the same one."""
        wanted = TransferOrder(data=request.data)
        wanted.is_valid(raise_exception=True)
        fields = wanted.validated_data
        key = request.headers.get("Idempotency-Key")
        if key is not None and not 1 <= len(key) <= 255:
            raise serializers.ValidationError({"Idempotency-Key": ["1 to 255 characters."]})
        cents = int(fields["amount"] * 100)
        order = book.Order(request.user.pk, fields["from"], fields["to"], cents, fields["note"], key)
        made, new = book.transfer(order)
        return Response(_transfer(made), status=201 if new else 200)


def _account(account: Any) -> dict[str, Any]:
    return {
        "id": str(account.id),
        "number": account.number,
        "name": account.name,
        "balance": _amount(account.balance),
        "currency": CURRENCY,
    }


def _transfer(transfer: Transfer) -> dict[str, Any]:
    source, target = sorted(transfer.entries.all(), key=lambda entry: entry.cents)
    return {
        "id": str(transfer.id),
        "from": source.account.number,
        "to": target.account.number,
        "amount": _amount(target.cents),
        "currency": CURRENCY,
        "note": transfer.note,
        "created_at": int(transfer.created_at.timestamp()),
    }


def _amount(cents: int) -> str:
    return f"{Decimal(cents) / 100:.2f}"
