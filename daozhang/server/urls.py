"""Every address of the server."""

from __future__ import annotations

from django.urls import include, path

from daozhang.server.views import (
    audit,
    failed,
    files,
    late,
    operate,
    overview,
    people,
    sources,
    track,
)

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("late/", late.incidents, name="late"),
    path("late/<str:incident_id>/", late.incident, name="incident"),
    path("late/<str:incident_id>/sales.csv", late.sales, name="incident_sales"),
    path("track/", track.track, name="track"),
    path("track/<path:sale_id>/", track.sale, name="sale"),
    path("files/", files.files, name="files"),
    path("files/sources/", sources.sources, name="sources"),
    path("files/<int:pk>/", files.file, name="file"),
    path("", include("daozhang.server.urls_money")),
    path("settings/", people.settings, name="settings"),
    path("settings/people/<int:pk>/", people.person, name="person"),
    path("audit/", audit.trail, name="audit"),
    path("invitation/<str:secret>/", people.invitation, name="invitation"),
    path("accounts/", include("allauth.urls")),
    path("api/", include("daozhang.server.api.urls")),
    path("health/live", operate.live, name="live"),
    path("health/ready", operate.ready, name="ready"),
    path("metrics", operate.metrics, name="metrics"),
    path("style.<str:name>.css", operate.style_sheet, name="style"),
]

handler500 = failed.failed
