"""Measurements: daozhang beside plain SQL and pandas, format readers, intake."""
