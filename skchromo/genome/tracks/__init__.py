"""Tracks: which file holds which track of which sample, and which bins are excluded."""

from ._blacklist import blacklisted_bins, check_blacklist, read_blacklist
from ._list_tracks import list_tracks, track_files
