"""The cells of the fault matrix that the default suite plays: one of each way in which a call can go wrong.

A line a cell: fault, call, where, dialect.
"""

from __future__ import annotations

from campaign.fault_cells import Cell

_LINES = """
answer-lost create first tasks
answer-lost create kth videos
answer-lost create all jobs
accepted-500 create kth jobs
accepted-and-html create first videos
late-accept create kth tasks
without-id create kth videos
odd-id create kth jobs
closed-unread create kth tasks
takes create first tasks
reset-in-body create first videos
stall create kth jobs
invalid-json create kth tasks
as-status-422 create kth videos
redirect-307 create kth jobs
code-500-in-200 create kth tasks
code-422-in-200 create kth jobs
status-422 create first videos
status-401 create kth videos
status-402 create kth jobs
status-404 create kth tasks
status-409 create kth tasks
status-505 create kth jobs
status-455 create all jobs
status-455 create kth tasks
status-429 create all videos
retry-after-huge create kth jobs
retry-after-junk create first videos
hostile-text create kth jobs
leaks-key create kth tasks
json-wrong-types create kth videos
fails create first jobs
header-bomb create kth videos
status-401 poll kth jobs
status-404 poll all tasks
code-501-in-200 poll kth jobs
status-503 poll all videos
html poll all jobs
hang poll kth videos
deep-json poll kth tasks
gzip-bomb poll kth videos
never-finishes poll all tasks
state-word poll kth videos
success-without-url poll all jobs
url-closed-port poll first tasks
url-metadata poll all jobs
failed-as-status poll kth videos
unknown-task-gateway poll kth videos
id-changes poll all videos
other-task poll kth tasks
status-410 download first jobs
status-403 download all videos
status-404 download first videos
truncated-99 download kth tasks
corrupted-head download all jobs
other-task-clip download kth jobs
other-size-smaller download first tasks
endless download kth jobs
etag-changes-resumed download first tasks
range-wrong download kth jobs
hops-9 download kth tasks
cut-90 download all videos
drip download kth jobs
closed download all tasks
gzip download kth jobs
hang credits first jobs
garbage credits all tasks
status-500 list first videos
list-endless list all videos
stuck list all videos
status-401 list first videos
"""

SUITE = tuple(Cell(*line.split()) for line in _LINES.strip().splitlines())
