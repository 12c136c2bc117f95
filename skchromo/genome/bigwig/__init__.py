"""Signal of bigWig files, on disk and remote."""

from ._bin_cache import BinCache
from ._file import BigWigFile, read_chromsizes
from ._mean_signal import mean_signal
from ._read_bins import check_signal_options, match_file_chroms, read_bins
