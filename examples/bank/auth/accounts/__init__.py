"""Users, their passwords, roles and devices, and the applications that may act for them."""
