"""Results as files for genome browsers."""

from ._attributions import to_bedgraph, to_bigwig
from ._contacts import to_bedpe, to_interact
from ._crispr_comparison import to_crispr_comparison
