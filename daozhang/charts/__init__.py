"""The words, tables and pictures in which an answer is told, the same for every face.

Pictures are drawn with a library that is slow to load: they are in :mod:`daozhang.charts.pictures`.
"""

from daozhang.charts.speech import Speech
from daozhang.charts.view import FileLine, ReportView
from daozhang.charts.words import LANGS, Lang, say

__all__ = [
    "LANGS",
    "FileLine",
    "Lang",
    "ReportView",
    "Speech",
    "say",
]
