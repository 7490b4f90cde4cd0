"""The list of dialects: one line each; knows nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from sorapipe.providers import jobs, tasks, videos
from sorapipe.providers.dialect import Dialect

DIALECTS: Mapping[str, Dialect] = {"tasks": tasks, "jobs": jobs, "videos": videos}
