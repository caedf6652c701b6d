"""Every address of the API; what is not among them is answered in its shape too."""

from __future__ import annotations

from django.urls import path, re_path

from daozhang.server.api.handling import nothing_here
from daozhang.server.api.root import api

urlpatterns = [path("v1/", api.urls), re_path("", nothing_here, name="api_nothing")]
