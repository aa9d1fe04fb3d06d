"""The application of a parity service, for servers that import it themselves."""

import importlib
import os

app = importlib.import_module(os.environ["PARITY_MODULE"]).make()
