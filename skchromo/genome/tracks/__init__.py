"""The files of each sample and track, and the blacklist of bins to leave out."""

from ._blacklist import blacklisted_bins, check_blacklist, read_blacklist
from ._list_tracks import list_tracks, track_files
