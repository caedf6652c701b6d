"""Addresses of the pages on arrivals, upgrades, providers, banks and terms."""

from __future__ import annotations

from django.urls import path

from daozhang.server.views import calendar, sales

urlpatterns = [
    path("sales/", sales.sales, name="sales"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("calendar/<str:on>/", calendar.day, name="calendar_day"),
]
