"""Gene annotations: GTF, GFF3, UCSC's tables and BED."""

from ._read_genes import read_genes
