"""The words, tables and pictures in which an answer is told, the same for every face."""

from daozhang.charts.pictures import Picture, draw_pictures
from daozhang.charts.speech import Speech
from daozhang.charts.view import FileLine, ReportView
from daozhang.charts.words import LANGS, Lang, say

__all__ = [
    "LANGS",
    "FileLine",
    "Lang",
    "Picture",
    "ReportView",
    "Speech",
    "draw_pictures",
    "say",
]
