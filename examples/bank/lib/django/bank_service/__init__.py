"""What the bank's two Django services share: settings, the session's views, errors as JSON, the server."""
