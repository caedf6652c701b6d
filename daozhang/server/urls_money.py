"""Addresses of the pages on arrivals, upgrades, providers, banks and terms."""

from __future__ import annotations

from django.urls import path

from daozhang.server.views import calendar, providers, sales, terms, upgrades

urlpatterns = [
    path("sales/", sales.sales, name="sales"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("calendar/<str:on>/", calendar.day, name="calendar_day"),
    path("upgrades/", upgrades.upgrades, name="upgrades"),
    path("upgrade-hours/", upgrades.hours, name="upgrade_hours"),
    path("upgrades/<path:release>/terminals.csv", upgrades.terminals, name="upgrade_terminals"),
    path("upgrades/<path:release>/", upgrades.upgrade, name="upgrade"),
    path("providers/", providers.providers, name="providers"),
    path("providers/<path:provider>/", providers.provider, name="provider"),
    path("banks/<path:bank>/", providers.bank, name="bank"),
    path("terms/", terms.terms, name="terms"),
]
