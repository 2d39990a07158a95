"""Metrics of an application for Prometheus; needs the extra ``treadle[prometheus]``."""

from treadle_server.prometheus import *
