"""gunicorn: one process that forks one worker with a few threads; "ready" on stdout once connections are accepted."""

import os

bind = f"127.0.0.1:{os.environ['PORT']}"
workers = 1
threads = 8
keepalive = 10  # longer than the proxies keep theirs
preload_app = True  # mistakes show before the service says that it is ready
accesslog = None
loglevel = "warning"
graceful_timeout = 3
limit_request_line = 4096
limit_request_field_size = 8190
forwarded_allow_ips = "127.0.0.1"
# Otherwise SCRIPT_NAME and PATH_INFO in a request's header would move its path, whoever has sent them through a proxy.
forwarder_headers = ""


def when_ready(server: object) -> None:
    """Tell who started us."""
    print("ready", flush=True)
