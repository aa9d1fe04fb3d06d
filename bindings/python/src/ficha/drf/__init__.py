"""Django REST Framework: authentication, permissions, a principal without a user table, OpenAPI.

>>> class Transfers(APIView):
...     authentication_classes = [FichaAuthentication]
...     permission_classes = [HasRole("customer") & HasScope("transfers:write")]
"""

from ficha.drf.authentication import FichaAuthentication, Principal
from ficha.drf.permissions import HasRole, HasScope, PolicyPermission

__all__ = ["FichaAuthentication", "HasRole", "HasScope", "PolicyPermission", "Principal"]
