"""The server as a WSGI application, for any WSGI server."""

from __future__ import annotations

from daozhang.server.entry import wsgi_application

application = wsgi_application()
