"""Traces of an application for OpenTelemetry; needs the extra ``treadle[opentelemetry]``."""

from treadle_server.opentelemetry import *
