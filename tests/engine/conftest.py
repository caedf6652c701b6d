"""Spark for tests: one quick session, and a loud reason where there is none."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

QUICK = {
    # Estates are small: planning and compiling queries well costs far more than running them badly.
    # Bytecode was verified by whoever released it.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC "
    "-XX:ReservedCodeCacheSize=192m -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote",
    # Nobody looks at how a query was to be run; small files need no second file that proves them,
    # and a program is started for the rights of each.
    "spark.sql.ui.explainMode": "simple",
    "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    "spark.sql.constraintPropagation.enabled": "false",
    "spark.sql.optimizer.dynamicPartitionPruning.enabled": "false",
    "spark.sql.optimizer.runtime.bloomFilter.enabled": "false",
    "spark.sql.subexpressionElimination.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.shuffle.partitions": "1",
}
"""The soak plans as in use, compiles expressions, broadcasts small sides and has two parts."""

SOAKED = {
    "spark.sql.constraintPropagation.enabled": "true",
    "spark.sql.optimizer.dynamicPartitionPruning.enabled": "true",
    "spark.sql.optimizer.runtime.bloomFilter.enabled": "true",
    "spark.sql.subexpressionElimination.enabled": "true",
    "spark.sql.codegen.factoryMode": "FALLBACK",
    "spark.sql.autoBroadcastJoinThreshold": "10m",
    "spark.sql.shuffle.partitions": "2",
}


def why_no_spark() -> str | None:
    """Return what is missing for Spark, or None."""
    with warnings.catch_warnings():
        # PySpark says of pandas 3 that it is not fully supported; no pandas is used here.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support", FutureWarning)
        try:
            import pyspark.sql  # noqa: F401
            import sqlglot  # noqa: F401
        except ImportError as error:
            return f"{error.name} is not installed: pip install 'daozhang[spark]'"
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=f"{home}/bin" if home else None) is None:
        return "Java is not installed, or JAVA_HOME does not lead to it: install Java 17"
    return None


@pytest.fixture(scope="session")
def spark_settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings for a Spark engine; skips, or fails where CI is set, when Spark cannot run."""
    reason = why_no_spark()
    if reason is not None:
        reason = f"THE SPARK ENGINE IS NOT TESTED: {reason}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    if "DAOZHANG_SOAK" in os.environ:
        return QUICK | SOAKED
    return QUICK | {"spark.driver.extraClassPath": str(_few_defaults(tmp_path_factory))}


def _few_defaults(factory: pytest.TempPathFactory) -> Path:
    """Return a folder whose files stand before Hadoop's own lists of defaults.

    Those name a thousand settings, which are sent along with every task of every query.
    """
    folder = factory.mktemp("hadoop")
    for name in ("core", "mapred", "yarn"):
        text = "<configuration></configuration>"
        (folder / f"{name}-default.xml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def new_spark(spark_settings: dict[str, str]) -> Callable[[], object]:
    """Return what opens a Spark engine with tables of its own."""
    from daozhang.engine.spark import SparkEngine

    return lambda: SparkEngine(settings=spark_settings)
