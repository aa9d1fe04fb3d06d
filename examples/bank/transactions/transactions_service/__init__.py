"""The bank's ledger as a service: without a user table, it takes the session's word for who calls."""
