"""Signal of bigWig files, on disk and remote."""

from ._bigbed import is_bigbed, read_bigbed
from ._bin_cache import BinCache
from ._file import BigWigFile
from ._index import Layout
from ._read_bins import (
    check_signal_options,
    match_file_chroms,
    mean_signal,
    read_bins,
    read_chromsizes,
)
from ._write import write_bigwig
